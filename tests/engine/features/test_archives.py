"""Images inside tar and Parquet files give the features of the same images in folders."""

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.attribution.query import find_image
from engine.features.cache import open_cache
from engine.schema.requests import FeaturesRequest, HeatRequest
from engine.session import TorchEngine
from tests.engine.data.readers.archives import write_shard
from tests.making import make_images


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Enough images for worker processes."""
    return make_images(tmp_path_factory.mktemp("folder") / "data", train=1, valid=25)


def packed(folder, root, kind):
    for split in ("train", "valid"):
        files = sorted((folder / split).rglob("*.png"))
        labels = [file.parent.name for file in files]
        content = [file.read_bytes() for file in files]
        if kind == "webdataset":
            members = [
                member
                for at, (image, label) in enumerate(zip(content, labels, strict=True))
                for member in ((f"{at:03d}.png", image), (f"{at:03d}.cls", label))
            ]
            write_shard(root / f"{split}-0.tar", members[:60])
            write_shard(root / f"{split}-1.tar", members[60:])
        else:
            root.mkdir(exist_ok=True)
            table = pa.table({"image": [{"bytes": some, "path": None} for some in content],
                              "label": labels})  # fmt: skip
            pq.write_table(table, root / f"{split}-00000-of-00001.parquet", row_group_size=10)
    return root


def features(source, home):
    """A workspace's features, extracted by two worker processes, and a neuron with its heat."""
    engine = TorchEngine(source, home)
    list(engine.extract(FeaturesRequest(split="valid", workers=2)))
    *_, heated = engine.heat(HeatRequest(class_index=0, neuron=3), str(home / "heat"))
    cache = open_cache(home, source, engine.split("valid"))
    assert cache is not None
    return cache, heated


@pytest.mark.parametrize("kind", ["webdataset", "hugging_face"])
def test_features_and_heat_maps_are_those_of_files(folder, toy, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    of_files = msgspec.structs.replace(toy, data=str(folder))
    of_archive = msgspec.structs.replace(toy, data=str(packed(folder, tmp_path / "data", kind)))
    plain, heated = features(of_files, tmp_path / "a")
    cache, other = features(of_archive, tmp_path / "b")
    assert cache.reader == kind
    assert len(cache.samples) == 75
    assert np.array_equal(plain.labels, cache.labels)
    assert np.array_equal(plain.features, cache.features)
    for one, same in zip(heated.top_images, other.top_images, strict=True):
        assert Path(str(one.heat)).read_bytes() == Path(str(same.heat)).read_bytes()
    assert find_image(cache, cache.path(40)) == find_image(cache, cache.samples[40].path) == 40
    if kind == "webdataset":
        assert find_image(cache, "040.png") == 40
