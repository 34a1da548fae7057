"""Tables of images: which column holds what, and what each row says, or why it says nothing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.data.class_names import all_readable
from engine.schema.errors import DataError

COLUMNS = {
    "path": (
        "path", "img_filename", "image_path", "filename", "image", "file", "filepath", "file_path",
        "file_name", "image_filename", "image_name", "image_file", "img_path", "img", "fname",
        "image_id",
    ),
    "label": ("label", "y", "class", "target", "category", "labels"),
    "split": ("split", "partition", "subset", "set", "is_valid"),
    "group": ("group", "place", "a", "background"),
}  # fmt: skip
"""By role, the usual names of its column, in lower case; the first that there is counts."""
NEEDED = ("path", "label")
NUMBERED_SPLITS = {"0": "train", "1": "valid", "2": "test"}  # Waterbirds and WILDS
IS_VALID = {"true": "valid", "1": "valid", "false": "train", "0": "train"}  # fastai
BOOLEANS = frozenset(("true", "false"))
NUMBER = re.compile(r"-?[0-9]{1,6}(\.0*)?")
SHOWN = 12  # columns named in a refusal


@dataclass(frozen=True)
class Table:
    """A file's rows, each under its number as an editor or a spreadsheet counts them."""

    path: Path
    columns: tuple[str, ...]
    rows: list[tuple[int, Sequence[object]]]
    refused: list[tuple[int, str]] = field(default_factory=list)
    """Rows that are none, with the reason."""
    classes: tuple[str, ...] | None = None
    """The names of the classes by number, where the file has them."""


@dataclass
class Entry:
    """What a row says; `split` and `group` are empty where the table has no such column."""

    row: int
    path: str
    label: str
    split: str
    group: str
    refusal: str = ""
    """Why it is not used."""

    def refuse(self, reason: str) -> None:
        """Do not use it; the first reason counts."""
        self.refusal = self.refusal or reason


@dataclass(frozen=True)
class Entries:
    """All rows of a table, the refused among them."""

    entries: list[Entry]
    group_column: str | None
    classes: tuple[str, ...] | None

    def numbered(self) -> tuple[tuple[str, ...], dict[str, int]]:
        """Return all classes, in order, and the index of each label."""
        folders = class_folders(entry.label for entry in self.used)
        index = {folder: number for number, folder in enumerate(folders)}
        return (folders if self.classes is None else self.classes), index

    @property
    def used(self) -> list[Entry]:
        """Those that can be used."""
        return [entry for entry in self.entries if not entry.refusal]


def find_columns(table: Table, chosen: Mapping[str, str]) -> dict[str, int]:
    """Return, by role, the place of its column: as chosen, or by its usual names.

    Case, and spaces around a name, do not matter.

    Args:
        table: The table.
        chosen: By role, a column's name.

    Raises:
        DataError: A chosen column is not there, one that is needed is missing, or two share a name.
    """
    unknown = [role for role in chosen if role not in COLUMNS]
    if unknown:
        raise DataError(
            f"A table has no role {unknown[0]!r}; columns are chosen for {', '.join(COLUMNS)}."
        )
    names = [fold(name) for name in table.columns]
    found = {}
    for role, usual in COLUMNS.items():
        wanted = (fold(chosen[role]),) if role in chosen else usual
        name = next((name for name in wanted if name in names), None)
        if name is None and role in chosen:
            raise DataError(
                f"{table.path} has no column {chosen[role]!r} for {role}; {_columns(table)}."
            )
        if name is not None:
            if names.count(name) > 1:
                raise DataError(f"{table.path} has {names.count(name)} columns called {name!r}.")
            found[role] = names.index(name)
    missing = [role for role in NEEDED if role not in found]
    if missing:
        raise DataError(
            f"{table.path} has no column for {' or '.join(missing)} ({_columns(table)}); "
            "say which column it is (columns in workspace.toml, init --column ROLE=NAME)."
        )
    return found


def known_columns(names: Iterable[str], chosen: Mapping[str, str]) -> int:
    """Count the roles that a header has a column for."""
    folded = {fold(name) for name in names}
    return sum(
        any(name in folded for name in ((fold(chosen[role]),) if role in chosen else usual))
        for role, usual in COLUMNS.items()
    )


def read_entries(table: Table, chosen: Mapping[str, str]) -> Entries:
    """Return what the rows say.

    Raises:
        DataError: A column is missing, or not one row can be used.
    """
    columns = find_columns(table, chosen)
    entries = [_entry(number, values, columns) for number, values in table.rows]
    if "group" in columns and not any(entry.group for entry in entries):
        del columns["group"]  # an empty column is none
    for entry in entries:
        for role in columns:
            if not getattr(entry, role):
                entry.refuse(f"no {role}")
    if "split" in columns:
        _spell_splits(entries, fold(table.columns[columns["split"]]), _is_waterbirds(table))
    _spell_labels([entry for entry in entries if not entry.refusal], table.classes)
    entries += [Entry(number, "", "", "", "", reason) for number, reason in table.refused]
    if all(entry.refusal for entry in entries):
        why = f": row {entries[0].row}: {entries[0].refusal}" if entries else ""
        raise DataError(f"{table.path} lists no images{why}.")
    entries.sort(key=lambda entry: entry.row)
    group = table.columns[columns["group"]] if "group" in columns else None
    return Entries(entries, None if group is None else text(group), table.classes)


def text(value: object) -> str:
    """Return a cell's text: nothing for what is missing, without spaces or a BOM around it."""
    if value is None or value != value:  # NaN, with which pandas fills holes
        return ""
    return str(value).strip().strip("\ufeff").strip()


def fold(name: str) -> str:
    """Return a column's name as it is compared."""
    return text(name).casefold()


def number_labels(labels: Iterable[str]) -> dict[str, str]:
    """Return how each label is spelled: `7`, `07` and `7.0` are one class where all are numbers."""
    distinct = set(labels)
    if not all(NUMBER.fullmatch(label) for label in distinct if label):
        return {label: label for label in distinct}
    return {label: str(int(float(label))) if label else "" for label in distinct}


def class_folders(labels: Iterable[str]) -> tuple[str, ...]:
    """Return all classes in order, by the labels that `number_labels` spelled."""
    distinct = set(labels)
    if all(NUMBER.fullmatch(label) for label in distinct):
        # numbers are the model's own indices, with any gap a class without images
        return tuple(str(number) for number in range(max(map(int, distinct), default=-1) + 1))
    return tuple(sorted(distinct))


def number_classes(labels: Iterable[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return all classes in order, and the index of every label that is one.

    Nothing, and a number below 0 among numbers, are no classes.
    """
    spelled = number_labels(labels)
    numbers = all(NUMBER.fullmatch(label) for label in spelled.values() if label)
    classes = {
        raw: label
        for raw, label in spelled.items()
        if label and not (numbers and label.startswith("-"))
    }
    folders = class_folders(classes.values())
    index = {folder: at for at, folder in enumerate(folders)}
    return folders, {raw: index[label] for raw, label in classes.items()}


def name_groups(
    pairs: Iterable[tuple[int, str]], folders: Sequence[str], column: str
) -> tuple[dict[tuple[int, str], int], tuple[str, ...]]:
    """Return the group of each pair of class and value in the group column, and all names."""
    ordered = sorted(set(pairs))
    if fold(column) == "group":  # a group as the file names it, whatever the class
        values = sorted({value for _, value in ordered})
        return {pair: values.index(pair[1]) for pair in ordered}, tuple(values)
    # an attribute (Waterbirds' place): groups are class x attribute, as in Sagawa et al. 2020
    classes = all_readable(folders)
    named = tuple(f"{classes[label]} × {column} {value}" for label, value in ordered)
    return {pair: number for number, pair in enumerate(ordered)}, named


def _columns(table: Table) -> str:
    listed = ", ".join(map(text, table.columns[:SHOWN])) or "none"
    more = len(table.columns) - SHOWN
    return f"its columns: {listed}{f' and {more} more' if more > 0 else ''}"


def _entry(number: int, values: Sequence[object], columns: Mapping[str, int]) -> Entry:
    nested = [role for role, at in columns.items() if isinstance(values[at], (list, dict))]
    cells = {role: text(values[at]) for role, at in columns.items()}
    entry = Entry(number, *(cells.get(role, "") for role in COLUMNS))
    if nested:
        entry.refuse(f"its {nested[0]} is a list, not one value")
    return entry


def _spell_labels(entries: Sequence[Entry], classes: Sequence[str] | None) -> None:
    spelled = number_labels(entry.label for entry in entries)
    for entry in entries:
        entry.label = spelled[entry.label]
    if all(NUMBER.fullmatch(label) for label in spelled.values() if label):
        for entry in entries:
            if entry.label.startswith("-"):  # how tables mark an image without a class
                entry.refuse(f"no class has the number {entry.label}")
    known = set(map(str, range(len(classes or ()))))
    for entry in entries if classes is not None else ():
        if entry.label and entry.label not in known:
            entry.refuse(f"no class has the number {entry.label}")


def _is_waterbirds(table: Table) -> bool:
    """Return whether a table has the columns of Waterbirds, whose splits are numbers."""
    return {"img_filename", "y", "split", "place"} <= {fold(name) for name in table.columns}


def _spell_splits(entries: Sequence[Entry], column: str, waterbirds: bool) -> None:
    """Spell splits one way: without case, and in words where the table has numbers or booleans.

    Other numbers than 0, 1 and 2 may be folds, and are left; Waterbirds may have further splits.
    """
    for entry in entries:
        entry.split = re.sub(r"^([0-9]+)\.0*$", r"\1", entry.split).casefold()
    values = {entry.split for entry in entries if entry.split}
    if column == "is_valid" or values <= BOOLEANS:
        for entry in entries:
            if entry.split and entry.split not in IS_VALID:
                entry.refuse(f"{column} is {entry.split!r}, neither true nor false")
            entry.split = IS_VALID.get(entry.split, "")
    elif waterbirds or values <= NUMBERED_SPLITS.keys():
        for entry in entries:
            entry.split = NUMBERED_SPLITS.get(entry.split, entry.split)
