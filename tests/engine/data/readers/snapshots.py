"""Parquet files as `datasets` writes them, in miniature."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from tests.making import picture

COLOURS = ((200, 40, 40), (40, 180, 40), (40, 40, 220))


def encoded(colour, format="PNG"):
    """The bytes of a picture of one colour."""
    file = io.BytesIO()
    picture(colour, 1).save(file, format)
    return file.getvalue()


def write_part(path, labels, *, names=("red", "green", "blue"), rows_a_group=4, **columns):
    """Write a part whose images have the colours of their labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"bytes": encoded(COLOURS[k or 0]), "path": f"{i}.png"} for i, k in enumerate(labels)]
    table = pa.table({"image": images, "label": pa.array(labels, pa.int64())} | columns)
    if names:
        feature = {"names": list(names), "_type": "ClassLabel"}
        about = {"info": {"features": {"image": {"_type": "Image"}, "label": feature}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(table, path, row_group_size=rows_a_group)
    return path
