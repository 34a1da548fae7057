"""Food-101: a folder of images for each class, and lists of which train and which test."""

from pathlib import Path

import msgspec

from engine.data.class_names import all_readable
from engine.data.holdout import held_out
from engine.data.published import (
    files_below,
    find_file,
    find_root,
    need_root,
    read_bytes,
    read_lines,
)
from engine.data.readers.base import ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "food-101"
MARKERS = ("images", "meta")
SHARE = 0.15
"""Of each class's training images; they are the split `valid`, and not in `train`."""


class Food101(ImageFiles):
    """Reads images/CLASS/ID.jpg by meta/train.json and test.json, or the same as .txt."""

    title = "Food-101"
    help = "food-101/ with images/CLASS/ID.jpg and meta/; valid is 15% of train"

    def matches(self, path: Path) -> bool:
        """Match by the lists in meta/."""
        root = find_root(path, FOLDER, MARKERS)
        return root is not None and all(_list_file(root, split) for split in ("train", "test"))

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the published two, and the images held out of train."""
        return ("train", "valid", "test")

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split by its list's order; train and valid share what is published as train."""
        root = need_root(path, FOLDER, MARKERS)
        listed = {name: _listed(root, name) for name in ("train", "test")}
        folders = _folders(root, [each for entries in listed.values() for each in entries])
        index = {folder: number for number, folder in enumerate(folders)}
        entries = listed["test" if split == "test" else "train"]
        labels = [index[entry.partition("/")[0]] for entry in entries]
        held = [split == "valid"] * len(entries)
        if split != "test":
            held = held_out([_file(entry) for entry in entries], labels, SHARE)
        listing = NamedImages(root)
        for entry, label, out in zip(entries, labels, held, strict=True):
            if out == (split == "valid"):
                listing.add(_file(entry), label)
        named = {_file(entry) for entries in listed.values() for entry in entries}
        listing.skip_others(files_below(root, "images"), named)
        return listing.split(split, folders, classes=_names(root, folders))


def _file(entry: str) -> str:
    return f"images/{entry}.jpg"


def _list_file(root: Path, split: str) -> Path | None:
    return find_file([root / "meta"], f"{split}.json", f"{split}.txt")


def _listed(root: Path, split: str) -> list[str]:
    """Return the images of a published list, as CLASS/ID."""
    path = _list_file(root, split)
    if path is None:
        raise DataError(f"{root / 'meta'} has neither {split}.json nor {split}.txt.")
    if path.suffix == ".txt":
        return read_lines(path)
    try:
        classes = msgspec.json.decode(read_bytes(path), type=dict[str, list[str]])
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(f"{path} is not a list of images for each class: {error}.") from error
    entries = [(folder, entry) for folder, entries in classes.items() for entry in entries]
    for folder, entry in entries:
        if not entry.startswith(f"{folder}/"):
            raise DataError(
                f"{path} has {entry!r} in the class {folder!r}, whose folder it is not."
            )
    return [entry for _, entry in entries]


def _folders(root: Path, entries: list[str]) -> list[str]:
    """Return the classes in the order of classes.txt, else sorted."""
    named = {entry.partition("/")[0] for entry in entries}
    path = root / "meta" / "classes.txt"
    if not path.is_file():
        return sorted(named)
    folders = read_lines(path)
    unknown = sorted(named - set(folders))
    if unknown or len(set(folders)) < len(folders):
        wrong = f"lacks the class {unknown[0]!r}" if unknown else "names a class twice"
        raise DataError(f"{path} {wrong}, so that it does not fit the lists of images.")
    return folders


def _names(root: Path, folders: list[str]) -> list[str]:
    path = root / "meta" / "labels.txt"
    if not path.is_file() or not (root / "meta" / "classes.txt").is_file():
        return list(all_readable(folders))
    names = read_lines(path)
    if len(names) != len(folders):
        raise DataError(f"{path} names {len(names)} classes, classes.txt {len(folders)}.")
    return names


KIND = Food101()
