"""CSV files: a row for each image, with its path, class, split and, if known, group."""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.data.class_names import readable
from engine.data.readers.base import ImageFiles, Listing, Options, Split
from engine.schema.errors import DataError

Row = dict[str, str]
COLUMNS = {
    "path": ("path", "img_filename", "image_path", "filename", "image", "file"),
    "label": ("label", "y", "class", "target", "category"),
    "split": ("split", "partition"),
    "group": ("group", "place", "a", "background"),
}
NUMBERED_SPLITS = {"0": "train", "1": "valid", "2": "test"}  # Waterbirds and WILDS
LOOK = 4096  # bytes that tell a text from a binary file


class CsvFile(ImageFiles):
    """Reads a CSV file beside which the images lie; paths are relative to its folder."""

    title = "CSV file"
    help = "a UTF-8 CSV file with the columns path,label,split[,group]"
    general = True

    def matches(self, path: Path) -> bool:
        """Match .csv, and any other file that may be text."""
        if not path.is_file():
            return False
        if path.suffix.lower() == ".csv":
            return True
        with path.open("rb") as file:
            return b"\0" not in file.read(LOOK)

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the splits in the order in which they first occur."""
        columns = _columns(path)
        return tuple(dict.fromkeys(_split_of(row, columns) for row in _rows(path, columns)))

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in the file's order; classes and groups are those of the whole file."""
        columns = _columns(path)
        rows = list(_rows(path, columns))
        _number_labels(rows, columns["label"])
        folders = _class_names({row[columns["label"]] for row in rows})
        index = {folder: number for number, folder in enumerate(folders)}
        group_of, groups = _groups(rows, columns, index)
        listing = Listing(path.parent)
        for row in rows:
            if _split_of(row, columns) != split:
                continue
            image, label = row[columns["path"]], index[row[columns["label"]]]
            if Path(image).is_absolute() or ".." in Path(image).parts:
                listing.skip(image, "path leads out of the CSV's folder")
                continue
            group = group_of[label, row[columns["group"]]] if "group" in columns else -1
            listing.add(image, label, group)
        return listing.split(split, folders, groups)


def _columns(path: Path) -> dict[str, str]:
    """Return the file's own names of the columns that there are."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _not_csv(path, error) from error
    columns = {
        role: next(alias for alias in aliases if alias in header)
        for role, aliases in COLUMNS.items()
        if any(alias in header for alias in aliases)
    }
    missing = [role for role in ("path", "label", "split") if role not in columns]
    if missing:
        raise DataError(
            f"{path} has no column for {' or '.join(missing)} (its columns: "
            f"{', '.join(header[:12]) or 'none'}); expected path,label,split[,group]."
        )
    return columns


def _rows(path: Path, columns: dict[str, str]) -> Iterator[Row]:
    """Yield the rows with a value in each of the columns."""
    empty = True
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                if all(row.get(column) for column in columns.values()):
                    empty = False
                    yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise _not_csv(path, error) from error
    if empty:
        raise DataError(f"{path} lists no images.")


def _not_csv(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is not a UTF-8 CSV file: {error}.")


def _split_of(row: Row, columns: dict[str, str]) -> str:
    split = row[columns["split"]]
    return NUMBERED_SPLITS.get(split, split)


def _number_labels(rows: Sequence[Row], column: str) -> None:
    """Spell labels one way where all are numbers: `07` is class 7."""
    if all(re.fullmatch(r"\d{1,6}", row[column]) for row in rows):
        for row in rows:
            row[column] = str(int(row[column]))


def _class_names(labels: set[str]) -> tuple[str, ...]:
    if all(re.fullmatch(r"\d{1,6}", label) for label in labels):
        # numbers are the model's own indices, with any gap a class without images
        return tuple(str(number) for number in range(max(map(int, labels)) + 1))
    return tuple(sorted(labels))


def _groups(
    rows: Sequence[Row], columns: dict[str, str], index: dict[str, int]
) -> tuple[dict[tuple[int, str], int], tuple[str, ...]]:
    """Return the group of each pair of class and value in the group column, and all names."""
    if "group" not in columns:
        return {}, ()
    column = columns["group"]
    pairs = sorted({(index[row[columns["label"]]], row[column]) for row in rows})
    if column == "group":  # a group as the file names it, whatever the class
        values = sorted({value for _, value in pairs})
        return {pair: values.index(pair[1]) for pair in pairs}, tuple(values)
    # an attribute (Waterbirds' place): groups are class x attribute, as in Sagawa et al. 2020
    classes = [readable(folder) for folder in index]
    named = tuple(f"{classes[label]} × {column} {value}" for label, value in pairs)
    return {pair: number for number, pair in enumerate(pairs)}, named


KIND = CsvFile()
