"""What tests of data share."""

from engine.data.splits import open_split
from engine.schema.requests import Source


def split_of(data, split="valid", **more):
    """The listing of a split of some data."""
    return open_split(Source(model="m", checkpoint="c", data=str(data), **more), split)
