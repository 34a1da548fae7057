"""Snapshots of Hugging Face data sets: Parquet files that hold the images themselves."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from engine.data.class_names import all_readable
from engine.data.parquet import (
    ENDING,
    ImageRows,
    class_labels,
    image_column,
    is_parquet,
    labels_among,
    open_parquet,
    read_columns,
)
from engine.data.readers.base import (
    ALL,
    SPLIT_NAMES,
    Listing,
    Options,
    Sample,
    Split,
    files_ending,
    folders_in,
)
from engine.data.tables import fold, name_groups, number_classes, text
from engine.schema.errors import DataError

LABELS = ("label", "labels", "fine_label", "class", "target", "y", "category")
PART = re.compile(r"(?P<split>.+?)-(?P<at>\d+)-of-(?P<of>\d+)(?:-[0-9a-f]+)?")
WORDS = tuple(word for synonyms in SPLIT_NAMES for word in synonyms)
ROW = "#"
"""Between the file and the number of the row, in an image's path."""


class HuggingFace:
    """Reads a data set as `datasets` publishes it: train-00000-of-00005.parquet and so on."""

    title = "Hugging Face snapshot"
    help = "a folder with data/SPLIT-*.parquet, images inside; or one such file"
    general = False

    def __init__(self) -> None:
        self._rows = ImageRows()

    def matches(self, path: Path) -> bool:
        """Match a folder of Parquet files, and a Parquet file with a column of images."""
        if path.is_dir():
            return bool(_files(path))
        if not path.is_file() or not is_parquet(path):
            return False
        try:
            return image_column(open_parquet(path).schema_arrow) is not None
        except DataError:
            return False

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the splits that the files are named by."""
        return tuple(sorted({_split_of(file) for file in _one_folder(path)}))

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split file by file and row by row."""
        root = path if path.is_dir() else path.parent
        files = [file for file in _one_folder(path) if _split_of(file) == split]
        parts = [_Part(root, file, options) for file in files]
        folders, label_of = _classes(parts, root)
        pairs = [
            (label_of[text(label)], text(group))
            for part in parts
            for label, group in zip(part.labels, part.groups, strict=True)
            if text(label) in label_of and text(group)
        ]
        column = next((part.group_column for part in parts if part.group_column), "")
        group_of, groups = name_groups(pairs, folders, column) if column else ({}, ())
        listing = Listing(root)
        for number, of in _missing(files):
            listing.skip(f"{split}-{number:05d}-of-{of:05d}{ENDING}", "this part is not there")
        for part in parts:
            status = part.file.stat()  # an image is as old as its file
            for row, (value, group) in enumerate(zip(part.labels, part.groups, strict=True)):
                name = f"{part.file.relative_to(root)}{ROW}{row}"
                label = label_of.get(text(value))
                if label is None:
                    listing.skip(name, f"no class is {text(value)}" if text(value) else "no label")
                elif column and not text(group):
                    listing.skip(name, "no group")
                else:
                    at = group_of[label, text(group)] if column else -1
                    sample = Sample(name, label, at, status.st_size, status.st_mtime_ns)
                    listing.samples.append(sample)
        if not listing.samples and not listing.skipped:
            raise DataError(f"The files of {split} in {path} have no rows.")
        return listing.split(split, folders, groups, classes=all_readable(folders))

    def open(self, root: Path, sample: Sample) -> BinaryIO:
        """Return an image's bytes out of its row, or the file beside that the row names."""
        name, _, row = sample.path.rpartition(ROW)
        value = self._rows.get(root / name, int(row))
        content = value.get("bytes") if isinstance(value, Mapping) else value
        if content is not None:
            return io.BytesIO(content)
        beside = value.get("path") if isinstance(value, Mapping) else None
        if not beside:
            raise OSError(f"row {row} holds no image")
        if Path(beside).is_absolute() or ".." in Path(beside).parts:
            raise OSError(f"row {row} has no bytes, and its path leads out of the snapshot")
        return (root / beside).open("rb")


class _Part:
    """The labels and groups of one file; the images stay where they are."""

    def __init__(self, root: Path, file: Path, options: Options) -> None:
        self.file = file
        parquet = open_parquet(file)
        schema = parquet.schema_arrow
        if image_column(schema) is None:
            raise DataError(
                f"{file} has no column of encoded images, or several and none called image "
                f"(its columns: {', '.join(schema.names)})."
            )
        names = class_labels(schema) or _beside(root)
        chosen = options.columns
        self.label_column = _column(file, schema.names, chosen.get("label"), names)
        self.names = names.get(self.label_column)
        self.group_column = "group" if "group" in schema.names else ""
        if "group" in chosen:
            self.group_column = _column(file, schema.names, chosen["group"], {})
        wanted = [self.label_column, *([self.group_column] if self.group_column else [])]
        values = read_columns(parquet, file, wanted)
        self.labels: list[Any] = values[0]
        if any(isinstance(label, (list, dict)) for label in self.labels):
            raise DataError(
                f"The column {self.label_column!r} of {file} has several labels an image; "
                "a classifier needs one."
            )
        self.groups: list[Any] = values[1] if self.group_column else [""] * len(values[0])


def _column(
    file: Path, columns: Sequence[str], wanted: str | None, names: Mapping[str, object]
) -> str:
    """Return the column of labels, or another one that is wanted."""
    folded = {fold(column): column for column in columns}
    listed = ", ".join(columns)
    if wanted is not None:
        if fold(wanted) not in folded:
            raise DataError(f"{file} has no column {wanted!r}; its columns: {listed}.")
        return folded[fold(wanted)]
    usual = [folded[name] for name in LABELS if name in folded]
    named = [column for column in columns if column in names]
    if len(named) == 1:
        return named[0]
    if usual:
        return usual[0]
    raise DataError(
        f"{file} has no column of labels (its columns: {listed}); say which it is "
        "(columns in workspace.toml, init --column label=NAME)."
    )


def _classes(parts: Iterable[_Part], root: Path) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the classes of all parts, and the index of every spelling of a label."""
    parts = list(parts)
    if len({part.names for part in parts}) > 1:
        raise DataError(f"The files in {root} name their classes differently.")
    names = parts[0].names if parts else None
    if names is not None:
        return names, {str(index): index for index in range(len(names))}
    return number_classes(text(label) for part in parts for label in part.labels)


def _files(path: Path) -> list[Path]:
    """Return the Parquet files of a folder, of the folders in it, and of splits in these."""
    folders = [path]
    for folder in folders_in(path):
        folders += [folder, *(each for word in WORDS if (each := folder / word).is_dir())]
    return [file for folder in folders for file in files_ending(folder, (ENDING,))]


def _one_folder(path: Path) -> list[Path]:
    """Return the files of a data set.

    Raises:
        DataError: There are several data sets.
    """
    if path.is_file():
        return [path]
    files = _files(path)
    sets = sorted({_set_of(file) for file in files})
    if len(sets) > 1:
        listed = ", ".join(str(each.relative_to(path)) for each in sets)
        raise DataError(f"{path} holds several data sets ({listed}); name one of these folders.")
    if not files:
        raise DataError(f"No {ENDING} files in {path}.")
    return files


def _set_of(file: Path) -> Path:
    """Return the folder that a file's data set lies in, above folders of splits."""
    return file.parent.parent if _word(file.parent.name) else file.parent


def _split_of(file: Path) -> str:
    """Return the split of train-00000-of-00005.parquet, train.parquet or train/0000.parquet."""
    part = PART.fullmatch(file.stem)
    if part is not None:
        return part["split"]
    return _word(file.stem) or _word(file.parent.name) or ALL


def _word(name: str) -> str:
    return name if name.casefold() in WORDS else ""


def _missing(files: Sequence[Path]) -> Iterable[tuple[int, int]]:
    """Yield the number, and of how many, of each part that its siblings count but is not there."""
    parts = [part for file in files if (part := PART.fullmatch(file.stem)) is not None]
    there = {int(part["at"]) for part in parts}
    for of in sorted({int(part["of"]) for part in parts}):
        yield from ((number, of) for number in range(of) if number not in there)


def _beside(root: Path) -> dict[str, tuple[str, ...]]:
    """Return class names as dataset_info(s).json or README.md have them, where Parquet does not."""
    for name in ("dataset_info.json", "dataset_infos.json"):
        try:
            found = msgspec.json.decode((root / name).read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        for info in (found, *(found.values() if isinstance(found, dict) else ())):
            if isinstance(info, dict) and (names := labels_among(info.get("features"))):
                return names
    return _in_readme(root / "README.md")


def _in_readme(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the class names in the YAML at the head of a data set's card."""
    import yaml  # noqa: PLC0415  as timm needs it; only where the files do not name their classes

    try:
        card = path.read_text(encoding="utf-8-sig")
        head = yaml.safe_load(card.split("---")[1]) if card.startswith("---") else {}
        infos = head["dataset_info"]
        features = [
            feature
            for info in (infos if isinstance(infos, list) else [infos])
            for feature in info["features"]
        ]
        found = {each["name"]: each["dtype"]["class_label"]["names"] for each in features
                 if isinstance(each["dtype"], dict) and "class_label" in each["dtype"]}  # fmt: skip
        return {
            name: tuple(str(names[key]) for key in sorted(names, key=int))
            for name, names in found.items()
        }
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, ValueError):
        return {}


KIND = HuggingFace()
