"""CelebA: faces with forty attributes, of which one is the class and another makes groups."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from engine.data.published import files_below, find_file, is_number, read_lines
from engine.data.readers.base import ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "celeba"
FACES = "img_align_celeba"
IMAGES = (f"{FACES}/{FACES}", FACES, f"Img/{FACES}")
LISTS = ("", "Anno", "Eval")
"""Folders with the lists: beside the images, or as the authors' archive has them."""
SPLITS = {"train": "0", "valid": "1", "test": "2"}
LABEL, GROUP = "Blond_Hair", "Male"
NO, YES = "-1", "1"


class Parts(Struct, frozen=True):
    """Where the parts of the data lie."""

    root: Path
    images: str
    """A folder in the root."""
    attributes: Path
    partition: Path


class CelebA(ImageFiles):
    """Reads img_align_celeba/*.jpg by the lists of attributes and of the partition.

    The class is an attribute, `Blond_Hair` or the column `label`; a group is a class with or
    without another, `Male` or the column `group`.
    """

    title = "CelebA"
    help = "celeba/ with img_align_celeba/, list_attr_celeba and list_eval_partition (txt or csv)"

    def matches(self, path: Path) -> bool:
        """Match by the lists and the folder of faces."""
        return _find(path) is not None

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the three that are published."""
        return tuple(SPLITS)

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in the order of the partition; index 1 is with the attribute."""
        parts = _find(path)
        if parts is None:
            raise DataError(
                f"{path} lacks what CelebA has in it: expected {FACES}/, list_attr_celeba.txt or "
                ".csv, and list_eval_partition.txt or .csv."
            )
        label, group = _chosen(options.columns)
        values = _attributes(parts.attributes, [label] if group is None else [label, group])
        split_of = _partition(parts.partition)
        listing = NamedImages(parts.root)
        for image, part in split_of.items():
            if image not in values:
                listing.skip(f"{parts.images}/{image}", f"not in {parts.attributes.name}")
            elif part == SPLITS[split]:
                has, *in_group = values[image]
                number = -1 if group is None else 2 * has + in_group[0]
                listing.add(f"{parts.images}/{image}", int(has), number)
        for image in sorted(values.keys() - split_of.keys()):
            listing.skip(f"{parts.images}/{image}", f"not in {parts.partition.name}")
        named = {f"{parts.images}/{image}" for image in split_of.keys() | values.keys()}
        listing.skip_others(files_below(parts.root, parts.images), named)
        classes = [f"not {_words(label)}", _words(label)]
        groups = [] if group is None else _groups(classes, _words(group))
        return listing.split(split, [f"not {label}", label], groups, classes=classes)


def _find(path: Path) -> Parts | None:
    for root in (path, path / FOLDER):
        images = next((name for name in IMAGES if (root / name).is_dir()), None)
        folders = [root / name for name in LISTS]
        files = [
            find_file(folders, f"{name}.txt", f"{name}.csv")
            for name in ("list_attr_celeba", "list_eval_partition")
        ]
        if images and files[0] and files[1]:
            return Parts(root, images, files[0], files[1])
    return None


def _chosen(columns: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the attributes of the class and of the group; no groups for `Male` by itself."""
    label, group = columns.get("label", LABEL), columns.get("group")
    if label == group:
        raise DataError(f"CelebA's class and group cannot both be {label}; name two attributes.")
    return label, group or (GROUP if label != GROUP else None)


def _attributes(path: Path, names: Sequence[str]) -> dict[str, list[bool]]:
    """Return by image whether it has each of the attributes."""
    lines = read_lines(path)
    promised = lines.pop(0) if lines and is_number(lines[0]) else None  # the number of images
    header = _cells(path, lines.pop(0)) if lines else []
    if header[:1] == ["image_id"]:
        del header[0]
    if promised is not None and int(promised) != len(lines):
        raise DataError(f"{path} says that it lists {promised} images, and lists {len(lines)}.")
    missing = [name for name in names if name not in header]
    if missing:
        raise DataError(
            f"{path} has no attribute {missing[0]!r}; choose from {', '.join(header) or 'none'}."
        )
    columns = [1 + header.index(name) for name in names]
    found: dict[str, list[bool]] = {}
    for line in lines:
        row = _cells(path, line)
        values = [row[column] for column in columns] if len(row) == len(header) + 1 else []
        if not values or not set(values) <= {NO, YES}:
            raise DataError(f"{path} does not have {len(header)} values of 1 or -1 for {row[0]!r}.")
        _once(path, row[0], found)
        found[row[0]] = [value == YES for value in values]
    return found


def _partition(path: Path) -> dict[str, str]:
    """Return by image the number of its split."""
    found: dict[str, str] = {}
    for number, line in enumerate(read_lines(path)):
        row = _cells(path, line)
        if number == 0 and row == ["image_id", "partition"]:
            continue
        if len(row) != 2 or row[1] not in SPLITS.values():
            raise DataError(f"{path} has the line {line[:60]!r}; expected an image and 0, 1 or 2.")
        _once(path, row[0], found)
        found[row[0]] = row[1]
    return found


def _cells(path: Path, line: str) -> list[str]:
    if path.suffix == ".csv":
        return [cell.strip() for cell in line.split(",")]
    return line.split()


def _once(path: Path, image: str, found: Mapping[str, object]) -> None:
    if image in found:
        raise DataError(f"{path} lists {image!r} twice.")


def _words(attribute: str) -> str:
    return attribute.replace("_", " ").lower()


def _groups(classes: Sequence[str], attribute: str) -> list[str]:
    return [f"{name} × {which}{attribute}" for name in classes for which in ("not ", "")]


KIND = CelebA()
