"""Waterbirds as published: birds on land and on water, in the folder of its metadata.csv.

The table alone, named as a file, is read by the reader of tables.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from engine.data.published import files_below, find_root, need_root, read_lines
from engine.data.readers.base import ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "waterbird_complete95_forest2water2"
MARKERS = ("metadata.csv",)
COLUMNS = ("img_id", "img_filename", "y", "split", "place", "place_filename")
SPLITS = {"train": "0", "valid": "1", "test": "2"}
CLASSES = ("landbird", "waterbird")
PLACES = ("land", "water")


class Waterbirds(ImageFiles):
    """Reads metadata.csv; a group is a bird on a background, as in Sagawa et al. 2020."""

    title = "Waterbirds"
    help = "a folder with Waterbirds' metadata.csv and its images"

    def matches(self, path: Path) -> bool:
        """Match by the columns of metadata.csv."""
        root = find_root(path, FOLDER, MARKERS)
        if root is None:
            return False
        with (root / MARKERS[0]).open("rb") as file:
            return file.readline(256).decode("utf-8-sig", "replace").strip() == ",".join(COLUMNS)

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the three that are published."""
        return tuple(SPLITS)

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in the order of the table."""
        root = need_root(path, FOLDER, MARKERS)
        table = root / MARKERS[0]
        listing, named = NamedImages(root), {MARKERS[0]}
        for number, row in enumerate(_rows(table), start=2):
            if len(row) != len(COLUMNS):
                raise DataError(f"{table} has {len(row)} values in row {number}, not 6.")
            _, image, label, part, place, _ = row
            if not {label, place} <= {"0", "1"} or part not in SPLITS.values():
                raise DataError(
                    f"{table} has y {label!r}, split {part!r} and place {place!r} in row {number}; "
                    "expected 0 or 1, 0 to 2, and 0 or 1."
                )
            named.add(image)
            if part == SPLITS[split]:
                listing.add(image, int(label), 2 * int(label) + int(place))
        listing.skip_others(files_below(root, ""), named)
        groups = [f"{bird} × {place}" for bird in CLASSES for place in PLACES]
        return listing.split(split, ("0", "1"), groups, classes=CLASSES)


def _rows(table: Path) -> Iterator[list[str]]:
    """Yield the rows below the header."""
    try:
        yield from islice(csv.reader(read_lines(table)), 1, None)
    except csv.Error as error:
        raise DataError(f"{table} is not a CSV file: {error}.") from error


KIND = Waterbirds()
