"""CSV files: a row for each image, with its path and class and, if known, its split and group."""

import csv
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.data.readers.base import ALL, EXTENSIONS, ImageFiles, Listing, Options, Split
from engine.data.tables import (
    Entries,
    Entry,
    Table,
    known_columns,
    name_groups,
    read_entries,
)
from engine.schema.errors import DataError

DELIMITERS = ",;\t|"
LOOK = 4096  # bytes that tell a text from a binary file
ENDINGS = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG")
"""What is tried behind a path that has no ending, such as an image's id."""


class TableFile(ImageFiles):
    """The base of readers of tables, beside which, or elsewhere, the images are files."""

    def read(self, path: Path, options: Options) -> Table:
        """Return the rows of the file.

        Raises:
            DataError: It is not of this format.
            OSError: It cannot be read.
        """
        raise NotImplementedError

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the splits in the order in which they first occur; `all` without such a column."""
        used = read_entries(self.read(path, options), options.columns).used
        return tuple(dict.fromkeys(entry.split or ALL for entry in used))

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in the file's order; classes and groups are those of the whole file."""
        table = read_entries(self.read(path, options), options.columns)
        folders, index = table.numbered()
        column = table.group_column
        group_of, groups = name_groups(
            ((index[entry.label], entry.group) for entry in table.used), folders, column or ""
        )
        root = _place_all(path, table, options)
        _refuse_twice([entry for entry in table.used if (entry.split or ALL) == split], root)
        listing = Listing(root)
        for entry in table.entries:
            if (entry.split or split) != split:
                continue
            if entry.refusal:
                listing.skip(entry.path or path.name, f"row {entry.row}: {entry.refusal}")
                continue
            label = index[entry.label]
            group = -1 if column is None else group_of[label, entry.group]
            listing.add(entry.path, label, group)
        return listing.split(split, folders, groups if column is not None else ())


class CsvFile(TableFile):
    """Reads a CSV file; paths are relative to its folder, or to `image_root`."""

    title = "CSV file"
    help = "a UTF-8 table (, ; tab or | between) with the columns path,label[,split][,group]"
    general = True

    def matches(self, path: Path) -> bool:
        """Match .csv and .tsv, and any other file that may be text."""
        if not path.is_file():
            return False
        if path.suffix.lower() in (".csv", ".tsv"):
            return True
        with path.open("rb") as file:
            return b"\0" not in file.read(LOOK)

    def read(self, path: Path, options: Options) -> Table:
        """Read the rows; the delimiter is the one by which the header has most known columns."""
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                delimiter = _delimiter(file.readline(), options)
                file.seek(0)
                # strict: an open quote would swallow the rows after it
                records = _records(
                    csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
                )
                _, header = next(records, (0, []))
                table = Table(path, tuple(header), [])
                for number, record in records:
                    if len(record) > len(header):
                        del record[max(len(header), _filled(record)) :]
                    if len(record) == len(header):
                        table.rows.append((number, record))
                    else:
                        fields = f"{len(record)} field{'s' * (len(record) != 1)}"
                        table.refused.append((number, f"{fields}, not {len(header)}"))
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{path} is not a UTF-8 CSV file: {error}.") from error
        return table


def _delimiter(header: str, options: Options) -> str:
    def known(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
        return known_columns(names, options.columns), len(names)

    return max(DELIMITERS, key=known)


def _records(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line on which it begins."""
    before = 0
    try:
        for record in reader:
            if record:
                yield before + 1, record
            before = reader.line_num
    except csv.Error as error:
        raise csv.Error(f"line {before + 1}: {error}") from error


def _filled(record: Sequence[str]) -> int:
    """Count the fields up to the last that is not empty."""
    return max((at + 1 for at, value in enumerate(record) if value.strip()), default=0)


def _place_all(path: Path, table: Entries, options: Options) -> Path:
    """Spell all paths as the disk has them, and return the root that they are relative to."""
    root = path.parent if options.image_root is None else path.parent / options.image_root
    parents = (root, root.resolve())
    for entry in table.used:
        entry.path = _place(root, parents, entry.path)
        if options.image_root is None and ".." in entry.path.split("/"):
            entry.refuse("path leads out of the table's folder; give the folder as image_root")
    used = table.used
    absolute = used and all(posixpath.isabs(entry.path) for entry in used)
    if options.image_root is not None or not absolute:
        return root
    common = posixpath.commonpath([posixpath.dirname(entry.path) for entry in used])
    for entry in used:
        entry.path = posixpath.relpath(entry.path, common)
    return Path(common)


def _place(root: Path, parents: Sequence[Path], name: str) -> str:
    """Return a path relative to the root where it lies there; else it is absolute, as named."""
    if "\\" in name and not _exists(root / name):
        name = name.replace("\\", "/")  # as Windows writes them
    for parent in parents if posixpath.isabs(name) else ():
        if Path(name).is_relative_to(parent):
            name = str(Path(name).relative_to(parent))
            break
    if posixpath.splitext(name)[1].lower() not in EXTENSIONS and not _exists(root / name):
        whole = [name + ending for ending in ENDINGS if _exists(root / (name + ending))]
        return whole[0] if len(whole) == 1 else name
    return name


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, a NUL byte
        return False


def _refuse_twice(entries: Sequence[Entry], root: Path) -> None:
    """Keep an image that is listed twice once; where its rows differ, no row can be trusted."""
    same: dict[str, list[Entry]] = {}
    for entry in entries:
        same.setdefault(posixpath.normpath(posixpath.join(root, entry.path)), []).append(entry)
    for rows in same.values():
        for what, values in (
            ("as", sorted({entry.label for entry in rows})),
            ("in the groups", sorted({entry.group for entry in rows})),
        ):
            if len(values) > 1:
                for entry in rows:
                    entry.refuse(f"listed twice, {what} {' and '.join(values)}")
        for entry in rows[1:]:
            entry.refuse(f"listed twice; row {rows[0].row} counts")


KIND = CsvFile()
