"""A planted workspace whose images lie inside other files."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import structs

from engine.data.splits import open_split
from tests.engine.data.readers.archives import write_shard
from tests.screens.fake import FakeWorkspace
from tests.screens.planted import Planted, write_cache
from tests.screens.planted_edit import HARDER

KINDS = ("webdataset", "hugging_face")


def archived(planted: Planted, kind: str) -> FakeWorkspace:
    """Pack the images of a planted workspace, and remove them; some predictions are wrong."""
    data = Path(planted.source.data)
    packed = data.with_name("packed")
    for split in ("train", "valid"):
        files = sorted((data / split).rglob("*.png"))
        if kind == "webdataset":
            members = []
            for file in files:
                key = f"{file.parent.name}/{file.stem}"
                members += [(f"{key}.png", file.read_bytes()), (f"{key}.cls", file.parent.name)]
            write_shard(packed / f"{split}-0000.tar", members)
        else:
            packed.mkdir(exist_ok=True)
            images = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
            table = pa.table({"image": images, "label": [file.parent.name for file in files]})
            pq.write_table(table, packed / f"{split}-00000-of-00001.parquet", row_group_size=20)
    shutil.rmtree(data)
    source = structs.replace(planted.source, data=str(packed))
    listing = open_split(source, "valid")
    assert listing.reader == kind
    directory = planted.home / "features" / "planted-valid"
    shutil.rmtree(directory)
    write_cache(directory, listing, seed=HARDER)
    return FakeWorkspace(Planted(planted.home, source, listing))
