"""Image folders: a folder for each split, and in it a folder for each class."""

from pathlib import Path

from engine.data.readers.base import (
    EXTENSIONS,
    TRAIN_NAMES,
    ImageFiles,
    Listing,
    Options,
    Split,
    is_text,
    shown,
)
from engine.schema.errors import DataError


class ImageFolder(ImageFiles):
    """Reads ROOT/SPLIT/CLASS/*, with images at any depth below the class."""

    title = "image folder"
    help = "a folder ROOT/SPLIT/CLASS/*.jpg"
    general = True

    def matches(self, path: Path) -> bool:
        """Match any folder; `list` says what is missing in it."""
        return path.is_dir()

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the names of the folders."""
        return tuple(sorted(entry.name for entry in path.iterdir() if entry.is_dir()))

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split by class and path; classes are those of the training split too."""
        trained = next((name for name in TRAIN_NAMES if (path / name).is_dir()), split)
        folders = sorted(_class_folders(path / trained) | _class_folders(path / split))
        expected = f"expected {path / split}/CLASS/*.jpg."
        if not folders:
            raise DataError(f"No class folders in {path / split}: {expected}")
        listing = Listing(path)
        for label, folder in enumerate(folders):
            for file in _image_files(path / split / folder):
                listing.add(str(file.relative_to(path)), label)
        if not listing.samples and not listing.skipped:
            raise DataError(f"No images in {path / split}: {expected}")
        return listing.split(split, folders)


def _class_folders(directory: Path) -> set[str]:
    names = {entry.name for entry in directory.iterdir() if entry.is_dir()}
    names = {name for name in names if not name.startswith(".")}
    for name in names:
        if not is_text(name):
            raise DataError(
                f"A class folder in {directory} is not named in UTF-8 ({shown(name)}); rename it."
            )
    return names


def _image_files(directory: Path) -> list[Path]:
    """Return the files with an image's ending, in order; none where the folder is missing."""
    files = sorted(entry for entry in directory.rglob("*") if entry.is_file())
    return [
        file
        for file in files
        if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".")
    ]


KIND = ImageFolder()
