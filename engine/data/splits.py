"""Images and labels on disk: image folders and CSV files, listed. No torch."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.data.class_names import read_names, readable
from engine.schema.errors import DataError
from engine.schema.records import Skipped
from engine.schema.requests import Source

JPEGS = (".jpg", ".jpeg", ".jfif")
EXTENSIONS = frozenset(
    (*JPEGS, ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".avif")
)
SPLIT_NAMES = (("train", "training"), ("valid", "val", "validation"), ("test", "testing"))
COLUMNS = {
    "path": ("path", "img_filename", "image_path", "filename", "image", "file"),
    "label": ("label", "y", "class", "target", "category"),
    "split": ("split", "partition"),
    "group": ("group", "place", "a", "background"),
}
NUMBERED_SPLITS = {"0": "train", "1": "valid", "2": "test"}  # Waterbirds and WILDS


class Sample(Struct, frozen=True, array_like=True):
    """An image: its path relative to the data's root, its class and its group (-1 for none)."""

    path: str
    label: int
    group: int = -1
    size: int = 0
    """Bytes; with `mtime_ns`, part of the feature cache's key."""
    mtime_ns: int = 0


class Split(Struct, frozen=True, kw_only=True):
    """The images of a split, in a fixed order."""

    name: str
    root: str
    samples: tuple[Sample, ...]
    folders: tuple[str, ...]
    """Class names as the data spells them."""
    classes: tuple[str, ...]
    """Class names as a person (and CLIP) reads them."""
    groups: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def open_split(source: Source, split: str) -> Split:
    """List a split's images.

    Raises:
        DataError: The data, the split or the class names are missing or malformed.
    """
    root = Path(source.data)
    try:
        if root.is_dir():
            listed = _list_folder(root, split)
        elif root.is_file():
            listed = _list_csv(root, split)
        else:
            raise DataError(f"No data at {root}: give an image folder or a CSV file.")
    except OSError as error:
        raise DataError(f"Cannot read the data at {root}: {error.strerror or error}.") from error
    if source.class_names is None:
        return listed
    classes = read_names(Path(source.class_names), listed.folders)
    groups = _regrouped(listed, classes)
    return msgspec.structs.replace(listed, classes=classes, groups=groups)


def _regrouped(listed: Split, classes: Sequence[str]) -> tuple[str, ...]:
    """Spell groups of class x attribute with the classes' new names."""
    new = dict(zip(listed.classes, classes, strict=True))
    parts = [group.partition(" × ") for group in listed.groups]
    return tuple(new.get(name, name) + cross + rest for name, cross, rest in parts)


def _list_folder(root: Path, split: str) -> Split:
    splits = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    name = _match_split(split, splits, root)
    trained = next((s for s in SPLIT_NAMES[0] if s in splits), name)
    folders = sorted(_class_folders(root / trained) | _class_folders(root / name))
    if not folders:
        raise DataError(f"No class folders in {root / name}: expected {root / name}/CLASS/*.jpg.")
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for label, folder in enumerate(folders):
        directory = root / name / folder
        if not directory.is_dir():
            continue
        files = sorted(entry for entry in directory.rglob("*") if entry.is_file())
        for file in files:
            if file.suffix.lower() not in EXTENSIONS or file.name.startswith("."):
                continue
            _admit(root, str(file.relative_to(root)), (label, -1), samples, skipped)
    if not samples and not skipped:
        raise DataError(f"No images in {root / name}: expected {root / name}/CLASS/*.jpg.")
    return Split(
        name=name,
        root=str(root),
        samples=tuple(samples),
        folders=tuple(folders),
        classes=tuple(map(readable, folders)),
        groups=(),
        skipped=tuple(skipped),
    )


def _class_folders(directory: Path) -> set[str]:
    names = {entry.name for entry in directory.iterdir() if entry.is_dir()}
    names = {name for name in names if not name.startswith(".")}
    for name in names:
        if not _is_text(name):
            raise DataError(
                f"A class folder in {directory} is not named in UTF-8 ({_shown(name)}); rename it."
            )
    return names


def _admit(
    root: Path,
    relative: str,
    label_group: tuple[int, int],
    samples: list[Sample],
    skipped: list[Skipped],
) -> None:
    if not _is_text(relative):
        skipped.append(Skipped(_shown(relative), "file name is not UTF-8"))
        return
    try:
        status = (root / relative).stat()
    except OSError as error:
        skipped.append(Skipped(relative, (error.strerror or str(error)).lower()))
        return
    except ValueError:  # a NUL byte
        skipped.append(Skipped(_shown(relative).replace("\0", "\\0"), "path holds a NUL byte"))
        return
    samples.append(Sample(relative, *label_group, status.st_size, status.st_mtime_ns))


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _match_split(wanted: str, found: Sequence[str], where: Path) -> str:
    if wanted in found:
        return wanted
    for names in SPLIT_NAMES:
        if wanted in names:
            for name in names:
                if name in found:
                    return name
    listing = ", ".join(found[:8]) or "none"
    raise DataError(f"No split {wanted!r} in {where}; the splits there: {listing}.")


def _list_csv(path: Path, split: str) -> Split:
    rows, columns = _read_csv(path)
    _number_labels(rows, columns["label"])
    spelled = [NUMBERED_SPLITS.get(row[columns["split"]], row[columns["split"]]) for row in rows]
    name = _match_split(split, list(Counter(spelled)), path)
    folders = _csv_classes({row[columns["label"]] for row in rows})
    index = {folder: number for number, folder in enumerate(folders)}
    classes = tuple(map(readable, folders))
    group_of, groups = _csv_groups(rows, columns, index, classes)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for row, its_split in zip(rows, spelled, strict=True):
        if its_split != name:
            continue
        label = index[row[columns["label"]]]
        group = group_of.get((label, row[columns["group"]]), -1) if "group" in columns else -1
        relative = row[columns["path"]]
        if Path(relative).is_absolute() or ".." in Path(relative).parts:
            skipped.append(Skipped(relative, "path leads out of the CSV's folder"))
            continue
        _admit(path.parent, relative, (label, group), samples, skipped)
    return Split(
        name=name,
        root=str(path.parent),
        samples=tuple(samples),
        folders=folders,
        classes=classes,
        groups=groups,
        skipped=tuple(skipped),
    )


def _read_csv(path: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header = list(reader.fieldnames or [])
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
            rows = [row for row in reader if all(row.get(c) for c in columns.values())]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a UTF-8 CSV file: {error}.") from error
    if not rows:
        raise DataError(f"{path} lists no images.")
    return rows, columns


def _number_labels(rows: Sequence[dict[str, str]], column: str) -> None:
    """Spell labels one way where all are numbers: `07` is class 7."""
    if all(re.fullmatch(r"\d{1,6}", row[column]) for row in rows):
        for row in rows:
            row[column] = str(int(row[column]))


def _csv_classes(labels: set[str]) -> tuple[str, ...]:
    if all(re.fullmatch(r"\d{1,6}", label) for label in labels):
        # numbers are the model's own indices, with any gap a class without images
        return tuple(str(number) for number in range(max(map(int, labels)) + 1))
    return tuple(sorted(labels))


def _csv_groups(
    rows: Sequence[dict[str, str]],
    columns: dict[str, str],
    index: dict[str, int],
    classes: Sequence[str],
) -> tuple[dict[tuple[int, str], int], tuple[str, ...]]:
    if "group" not in columns:
        return {}, ()
    column = columns["group"]
    pairs = sorted({(index[row[columns["label"]]], row[column]) for row in rows})
    if column == "group":  # a group as the file names it, whatever the class
        values = sorted({value for _, value in pairs})
        return {pair: values.index(pair[1]) for pair in pairs}, tuple(values)
    # an attribute (Waterbirds' place): groups are class x attribute, as in Sagawa et al. 2020
    named = tuple(f"{classes[label]} × {column} {value}" for label, value in pairs)
    return {pair: number for number, pair in enumerate(pairs)}, named
