"""The classes of ImageNet's validation images where these lie in one flat folder. No torch."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from engine.data.class_names import WNID
from engine.data.matlab import read_records
from engine.data.published import find_file, is_number, read_lines
from engine.schema.errors import DataError

SOLUTION = "LOC_val_solution.csv"
TINY = "val_annotations.txt"
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
META = "meta.mat"
DEVKITS = ("", "data", "devkit", "devkit/data", "ILSVRC2012_devkit_t12/data")


class Labels(Struct, frozen=True):
    """The ids of images by their names without the ending, and the file that says so."""

    source: Path
    wnid_of: dict[str, str]


def read_labels(home: Path, folder: str) -> Labels | None:
    """Return the labels of a flat folder: Kaggle's, Tiny ImageNet's or the development kit's.

    Args:
        home: What holds train/ and val/; Kaggle's file may lie above it, beside ILSVRC/.
        folder: The flat folder in it.

    Returns:
        None where there is no such file.

    Raises:
        DataError: It is malformed, or the development kit has no meta.mat. Its numbers are not
            in the order of the ids, so that without that file they mean nothing.
    """
    bases = [home, home / folder]
    if home.parts[-2:] == ("Data", "CLS-LOC"):
        bases += [home.parents[1], home.parents[2]]
    for name, rows in ((SOLUTION, _solution), (TINY, _tiny)):
        if source := find_file(bases, name):
            return Labels(source, dict(rows(source)))
    if source := find_file([base / kit for base in bases for kit in DEVKITS], TRUTH):
        return Labels(source, dict(_devkit(source)))
    return None


def _solution(path: Path) -> Iterator[tuple[str, str]]:
    """Yield from rows such as `ILSVRC2012_val_00048981,n03995372 85 1 499 272`."""
    try:
        for row in islice(csv.reader(read_lines(path)), 1, None):
            yield row[0], _wnid(path, row[-1].partition(" ")[0])
    except csv.Error as error:
        raise DataError(f"{path} is not a CSV file: {error}.") from error


def _tiny(path: Path) -> Iterator[tuple[str, str]]:
    """Yield from lines such as `val_0.JPEG n03444034 0 32 44 62`, with tabs."""
    for line in read_lines(path):
        name, _, rest = line.partition("\t")
        yield Path(name).stem, _wnid(path, rest.partition("\t")[0])


def _devkit(path: Path) -> Iterator[tuple[str, str]]:
    """Yield from a number a line: the first is the class of the first image."""
    meta = path.with_name(META)
    if not meta.is_file():
        raise DataError(
            f"{path} numbers classes as {META} of its development kit does; put that beside it."
        )
    rows = read_records(meta, "synsets", ["WNID"], ["ILSVRC2012_ID", "num_children"])
    wnid_of = {number: wnid for [wnid], [number, children] in rows if children == 0}
    for image, line in enumerate(read_lines(path), start=1):
        if not is_number(line) or int(line) not in wnid_of:
            raise DataError(f"{path} has {line[:40]!r} in line {image}, which {meta} has not.")
        yield f"ILSVRC2012_val_{image:08d}", _wnid(meta, wnid_of[int(line)])


def _wnid(path: Path, text: str) -> str:
    if WNID.fullmatch(text):
        return text
    raise DataError(f"{path} has {text[:40]!r} where a WordNet id such as n01440764 is expected.")
