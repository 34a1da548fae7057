"""An unfinished pass over a split, scored as far as it is. No torch."""

from msgspec import Struct

from engine.schema.records import Skipped

PROGRESS = "progress.json"


class Done(Struct, frozen=True):
    """progress.json: what of an interrupted pass is safe on disk."""

    images: int
    rows: tuple[int, ...]
    skipped: tuple[Skipped, ...]
