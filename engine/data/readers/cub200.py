"""CUB-200-2011: birds, with numbered lists of images, classes and the split."""

from pathlib import Path

from engine.data.published import files_below, find_root, need_root, read_numbered
from engine.data.readers.base import ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "CUB_200_2011"
IMAGES, LABELS = "images.txt", "image_class_labels.txt"
TRAINS, CLASSES = "train_test_split.txt", "classes.txt"
MARKERS = ("images", IMAGES, LABELS, TRAINS, CLASSES)
SPLITS = {"train": "1", "test": "0"}
"""By what train_test_split.txt has behind an image's number."""


class Cub200(ImageFiles):
    """Reads images/CLASS/*.jpg; class 1, the first of classes.txt, has the index 0."""

    title = "CUB-200-2011"
    help = "CUB_200_2011/ with images/, images.txt, image_class_labels.txt and train_test_split.txt"

    def matches(self, path: Path) -> bool:
        """Match by the lists."""
        return find_root(path, FOLDER, MARKERS) is not None

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the two that are published."""
        return tuple(SPLITS)

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in the order of images.txt."""
        root = need_root(path, FOLDER, MARKERS)
        images, labels = read_numbered(root / IMAGES), read_numbered(root / LABELS)
        trains, classes = read_numbered(root / TRAINS), read_numbered(root / CLASSES)
        index = {str(number): label for label, number in enumerate(classes)}
        listing = NamedImages(root)
        for number, image in images.items():
            trained = trains.get(number)
            if trained not in SPLITS.values():
                listing.skip(f"images/{image}", f"neither 0 nor 1 in {TRAINS}")
            elif trained == SPLITS[split]:
                label = labels.get(number)
                if label not in index:
                    raise DataError(
                        f"{root / LABELS} gives image {number} the class {label}; it is not in "
                        f"{CLASSES}."
                    )
                listing.add(f"images/{image}", index[label])
        for number in sorted((labels.keys() | trains.keys()) - images.keys()):
            listing.skip(f"image {number}", f"not in {IMAGES}")
        named = {f"images/{image}" for image in images.values()}
        listing.skip_others(files_below(root, "images"), named)
        return listing.split(split, tuple(classes.values()))


KIND = Cub200()
