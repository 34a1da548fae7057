"""SUN397: scenes in folders of one to three levels, with ten partitions into train and test."""

import re
from pathlib import Path

from engine.data.class_names import distinct, readable
from engine.data.published import files_below, find_root, need_root, read_lines
from engine.data.readers.base import EXTENSIONS, ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "SUN397"
MARKERS = ("ClassName.txt",)
LISTS = {"train": "Training", "test": "Testing"}
FIRST = "01"


class Sun397(ImageFiles):
    """Reads a/abbey/sun_*.jpg by Training_01.txt and Testing_01.txt.

    Partition 01 makes the splits `train` and `test`, partition 02 `train_02` and `test_02`, and
    so on. Without any partition there is the split `all`.
    """

    title = "SUN397"
    help = "SUN397/ with a/abbey/sun_*.jpg, ClassName.txt, Training_01.txt and Testing_01.txt"

    def matches(self, path: Path) -> bool:
        """Match by the list of classes, whose first line starts as /a/ does."""
        root = find_root(path, FOLDER, MARKERS)
        if root is None:
            return False
        with (root / MARKERS[0]).open("rb") as file:
            return re.match(rb"\s*/[a-z]/", file.read(64)) is not None

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return two splits for each partition."""
        return tuple(_partitions(need_root(path, FOLDER, MARKERS))) or ("all",)

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in its list's order; classes are in the order of ClassName.txt."""
        root = need_root(path, FOLDER, MARKERS)
        folders = [line.strip("/") for line in read_lines(root / MARKERS[0])]
        index = {folder: number for number, folder in enumerate(folders)}
        if len(index) < len(folders) or not folders:
            raise DataError(f"{root / MARKERS[0]} names no class, or one twice.")
        listing = NamedImages(root)
        partitions = _partitions(root)
        on_disk = [file for file in files_below(root, "") if "/" in file]
        images = on_disk  # what lies beside the classes' folders is no image
        if partitions:
            images = [line.lstrip("/") for line in read_lines(partitions[split])]
        for image in images:
            folder = image.rpartition("/")[0]
            if folder not in index:
                listing.skip(image, "its folder is not in ClassName.txt")
            elif Path(image).suffix.lower() not in EXTENSIONS:
                listing.skip(image, "no image by its ending")
            else:
                listing.add(image, index[folder])
        if partitions:
            _count_rest(listing, partitions, split, on_disk)
        names = [readable(folder.partition("/")[2].replace("/", " ")) for folder in folders]
        return listing.split(split, folders, classes=distinct(names, folders))


def _partitions(root: Path) -> dict[str, Path]:
    """Return the lists by the names of their splits."""
    found = {}
    numbers = {path.stem[-2:] for path in root.glob("Training_[0-9][0-9].txt")}
    for number in sorted(numbers):
        for name, list_name in LISTS.items():
            path = root / f"{list_name}_{number}.txt"
            if path.is_file():
                found[name if number == FIRST else f"{name}_{number}"] = path
    return found


def _count_rest(
    listing: NamedImages, partitions: dict[str, Path], split: str, on_disk: list[str]
) -> None:
    """Say how many images the partition leaves out: by design two thirds, too many to list."""
    number = partitions[split].stem[-2:]
    named = {
        line.lstrip("/")
        for path in partitions.values()
        if path.stem.endswith(number)
        for line in read_lines(path)
    }
    images = (file for file in on_disk if Path(file).suffix.lower() in EXTENSIONS)
    rest = sum(file not in named for file in images)
    if rest:
        listing.skip(".", f"{rest:,} images are in neither list of partition {number}")


KIND = Sun397()
