"""The record of an unfinished extraction, from which it goes on. No torch."""

from pathlib import Path

from msgspec import Struct

from engine.schema.records import Skipped

PROGRESS = "progress.json"


class Done(Struct, frozen=True):
    """progress.json: what of an interrupted extraction is safe on disk."""

    images: int
    """How many of the split's images, from the first, are done: extracted or skipped."""
    rows: tuple[int, ...]
    """The indices of those with features, in the order of the rows on disk."""
    skipped: tuple[Skipped, ...]
    differs: dict[str, int] = {}
    """How many images the model sees otherwise than a person, by the kind of difference."""


def partial_of(directory: Path) -> Path:
    """Return where a feature cache is put together before it is whole."""
    return directory.with_suffix(".partial")
