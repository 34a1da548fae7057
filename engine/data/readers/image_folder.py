"""Image folders: a folder for each class, below one for each split or below none."""

import os
from collections.abc import Iterator
from pathlib import Path

from engine.data.readers.base import (
    ALL,
    FOLDER_EXTENSIONS,
    SPLIT_NAMES,
    ImageFiles,
    Listing,
    Options,
    Split,
    is_text,
    shown,
)
from engine.schema.errors import DataError

SYSTEM = frozenset(("__macosx", "@eadir", "lost+found", "$recycle.bin", "__pycache__"))
"""Folders that a system makes; as hidden ones, they are never read."""
CLUTTER = frozenset(("thumbs.db", "desktop.ini"))
KNOWN_SPLITS = frozenset(name for names in SPLIT_NAMES for name in names)


class ImageFolder(ImageFiles):
    """Reads ROOT/SPLIT/CLASS/* or ROOT/CLASS/*, with images at any depth below the class.

    Lists what torchvision's and timm's folder readers list: links are followed, hidden and system
    folders are not read, and every other file that is not read is among the skipped.
    """

    title = "image folder"
    help = "a folder ROOT/SPLIT/CLASS/*.jpg or ROOT/CLASS/*.jpg"
    general = True

    def matches(self, path: Path) -> bool:
        """Match any folder; `list` says what is missing in it."""
        return path.is_dir()

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the folders' names; `all` where they are classes, which hold images themselves."""
        del options
        folders = _folders(path)
        known = any(name.strip().lower() in KNOWN_SPLITS for name in folders)
        if not known and any(_holds_images(path / name) for name in folders):
            return (ALL,)
        return tuple(folders)

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split by class and path."""
        top = path if split == ALL and self.splits(path, options) == (ALL,) else path / split
        listing = Listing(path)
        folders = _class_folders(top)
        expected = f"expected {top}/CLASS/*.jpg."
        if not folders:
            raise DataError(f"No class folders in {top}: {expected}")
        for label, folder in enumerate(folders):
            for file in _files(top / folder, listing):
                _add(listing, file, label)
        if top != path:
            for file in sorted(entry for entry in top.iterdir() if not entry.is_dir()):
                if not _is_hidden(file.name):
                    listing.skip(str(file.relative_to(path)), "lies in no class folder")
        if not listing.samples and not listing.skipped:
            raise DataError(f"No images in {top}: {expected}")
        return listing.split(split, folders)


def _add(listing: Listing, file: Path, label: int) -> None:
    name = str(file.relative_to(listing.root))
    if file.suffix.lower() in FOLDER_EXTENSIONS:
        listing.add(name, label)
    else:
        ending = file.suffix.lower() or "no ending"
        listing.skip(name, f"not read as an image by torchvision's and timm's readers ({ending})")


def _folders(directory: Path) -> list[str]:
    """Return the names of the folders that are read, links to folders among them, sorted."""
    return sorted(
        entry.name for entry in directory.iterdir() if not _is_hidden(entry.name) and entry.is_dir()
    )


def _class_folders(directory: Path) -> list[str]:
    names = _folders(directory)
    for name in names:
        if not is_text(name):
            raise DataError(
                f"A class folder in {directory} is not named in UTF-8 ({shown(name)}); rename it."
            )
    return names


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM | CLUTTER


def _holds_images(directory: Path) -> bool:
    with os.scandir(directory) as entries:
        return any(Path(entry.name).suffix.lower() in FOLDER_EXTENSIONS for entry in entries)


def _files(directory: Path, listing: Listing) -> list[Path]:
    """Return all files below, in order; a folder that cannot be read is skipped with the reason."""
    return sorted(_walk(directory, listing, frozenset()))


def _walk(directory: Path, listing: Listing, above: frozenset[str]) -> Iterator[Path]:
    real = os.path.realpath(directory)
    name = str(directory.relative_to(listing.root))
    if real in above:
        listing.skip(name, "a link to a folder above it")
        return
    try:
        entries = list(directory.iterdir())
    except OSError as error:
        listing.skip(name, (error.strerror or str(error)).lower())
        return
    for entry in entries:
        if _is_hidden(entry.name):
            continue
        if entry.is_dir():
            yield from _walk(entry, listing, above | {real})
        else:
            yield entry


KIND = ImageFolder()
