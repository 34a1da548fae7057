"""What a data reader is, and what readers share: samples, splits, skipped files. No torch."""

import os
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec import Struct

from engine.data.class_names import all_readable
from engine.schema.errors import DataError
from engine.schema.records import Skipped

JPEGS = (".jpg", ".jpeg", ".jfif")
EXTENSIONS = frozenset(
    (*JPEGS, ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".avif")
)
IMAGES = tuple(EXTENSIONS)
FEW_IMAGES = 8  # beside archives, as a data set's card has them
FOLDER_EXTENSIONS = frozenset(
    (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
)
"""What torchvision's and timm's folder readers take for images: others were not trained on."""
SPLIT_NAMES = (
    ("train", "training"),
    ("valid", "val", "validation", "dev", "eval"),
    ("test", "testing"),
)
ALL = "all"
"""The split of data that have none."""


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
    reader: str = "image_folder"
    """The name of the reader that opens its images; `open_split` fills it in, and what follows."""
    exif: bool = False
    """Whether the model sees images turned as their EXIF says."""
    background: str | None = None
    """What transparency is laid on for the model; None: dropped."""


class Options(Struct, frozen=True, kw_only=True):
    """What a workspace says of its data to readers that have a choice; others ignore it."""

    columns: dict[str, str] = {}
    """Which column is the `path`, `label`, `split` or `group`, where that is not the usual one."""
    image_root: str | None = None
    """What a table's paths are relative to; None: the table's folder."""


class Reader(Protocol):
    """Lists and opens the images of one format of data.

    Its name is the name of its module, or of its entry point. It imports what it needs to read
    inside its methods: every reader is asked whether it `matches`.
    """

    title: str
    """What the data are called in sentences, such as `image folder`."""
    help: str
    """One line: how the data lie on disk."""
    general: bool
    """Whether it matches any folder or any file, and so gives way to a reader that is specific."""

    def matches(self, path: Path) -> bool:
        """Return whether the data at `path`, which exists, are of this format.

        It looks at names, marker files or the first bytes of a file, and never at every image.
        """

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the names of the splits; `all` alone where the data have none.

        Raises:
            DataError: The data are malformed.
            OSError: They cannot be read.
        """

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List the images of a split, named as `splits` names it, in an order that never changes.

        A file or row that is not used is among the skipped, with the reason. Labels are indices
        into the `folders` that are returned, which may be those of this split alone: `open_split`
        numbers the classes of all splits by their names.

        Raises:
            DataError: The data are malformed, or the split holds no images.
            OSError: They cannot be read.
        """

    def open(self, root: Path, sample: Sample) -> BinaryIO:
        """Return the encoded bytes of an image as a seekable file; worker processes call this.

        Args:
            root: The `root` of the split that lists it.
            sample: The image.

        Raises:
            OSError: It cannot be read.
        """


class ImageFiles:
    """Opens images that are files of their own: the base of readers that only list."""

    general = False

    def open(self, root: Path, sample: Sample) -> BinaryIO:
        """Open the file."""
        return (root / sample.path).open("rb")


class Listing:
    """Collects the images of a split; a file that cannot be used is skipped with the reason.

    Args:
        root: What paths are relative to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.samples: list[Sample] = []
        self.skipped: list[Skipped] = []

    def add(self, path: str, label: int, group: int = -1) -> None:
        """Add an image file, with its size and time, or skip it.

        Args:
            path: Relative to the root.
            label: The index of its class.
            group: The index of its group; -1 for none.
        """
        if not is_text(path):
            self.skip(path, "file name is not UTF-8")
            return
        try:
            status = (self.root / path).stat()
        except OSError as error:
            self.skip(path, (error.strerror or str(error)).lower())
        except ValueError:  # a NUL byte
            self.skip(path, "path holds a NUL byte")
        else:
            self.samples.append(Sample(path, label, group, status.st_size, status.st_mtime_ns))

    def skip(self, path: str, reason: str) -> None:
        """Skip an image."""
        self.skipped.append(Skipped(shown(path), reason))

    def split(
        self,
        name: str,
        folders: Sequence[str],
        groups: Sequence[str] = (),
        *,
        classes: Sequence[str] | None = None,
    ) -> Split:
        """Return the split with all that was added.

        Args:
            name: The split's.
            folders: Class names as the data spells them, by index.
            groups: Group names, by index.
            classes: Class names for people, by index; None: the folders' names made readable.
        """
        return Split(
            name=name,
            root=str(self.root),
            samples=tuple(self.samples),
            folders=tuple(folders),
            classes=all_readable(folders) if classes is None else tuple(classes),
            groups=tuple(groups),
            skipped=tuple(self.skipped),
        )


class NamedImages(Listing):
    """A listing of images that a file of the data names: each once, and none outside the root."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._added: set[str] = set()

    def add(self, path: str, label: int, group: int = -1) -> None:
        """Add an image file, or skip it, as `Listing` does."""
        if path.startswith("/") or ".." in path.split("/"):
            self.skip(path, "path leads out of the data's folder")
        elif path in self._added:
            self.skip(path, "listed twice")
        else:
            self._added.add(path)
            super().add(path, label, group)

    def skip_others(self, files: Iterable[str], named: Container[str]) -> None:
        """Skip the files of a folder that no list names, of whatever split."""
        for file in files:
            if file not in named:
                self.skip(file, "in no list of the data's images")


def files_ending(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """Return the files of a folder, hidden ones aside, whose names end so, in order.

    A folder of images is left as soon as it is known for one: it may hold a million.

    Args:
        folder: The folder.
        endings: In lower case.

    Raises:
        OSError: It cannot be read.
    """
    found, images = [], 0
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.lower()
            if name.endswith(endings) and not name.startswith(".") and entry.is_file():
                found.append(Path(entry.path))
            images += name.endswith(IMAGES)
            if images > FEW_IMAGES:
                return []
    return sorted(found)


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, hidden ones aside, in order.

    Raises:
        OSError: It cannot be read.
    """
    with os.scandir(folder) as entries:
        return sorted(
            Path(entry.path)
            for entry in entries
            if not entry.name.startswith(".") and entry.is_dir()
        )


def is_text(name: str) -> bool:
    """Return whether a file's name is UTF-8 on disk."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(name: str) -> str:
    """Return a file's name as it can be printed."""
    printable = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return printable.replace("\0", "\\0")


def match_split(wanted: str, names: Sequence[str], where: Path) -> str:
    """Return the split that is meant: the one of that name, or `val` for `valid` and the like.

    Raises:
        DataError: There is none; those that there are are named, and what to do.
    """
    if wanted in names:
        return wanted
    spelled = {name.strip().lower(): name for name in reversed(names)}
    synonyms = next((some for some in SPLIT_NAMES if wanted.lower() in some), ())
    for name in (wanted.lower(), *synonyms):
        if name in spelled:
            return spelled[name]
    raise DataError(f"No split {wanted!r} in {where}; {_how_else(wanted, names)}")


def _how_else(wanted: str, names: Sequence[str]) -> str:
    """Say which splits there are, and which flag names or makes the one that is missing."""
    if not names:
        return "there are no splits."
    if list(names) == [ALL]:
        return "the data have no splits: hold some out with --valid-from all:0.2."
    there = f"the splits there: {', '.join(names[:8])}"
    flag = "--train-split" if wanted in SPLIT_NAMES[0] else "--eval-split"
    trains = [name for name in names if name.strip().lower() in SPLIT_NAMES[0]]
    hold_out = f", or hold some out with --valid-from {trains[0]}:0.15" if trains else ""
    return f"{there}; name one with {flag}{hold_out}."
