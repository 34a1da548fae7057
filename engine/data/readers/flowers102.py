"""Oxford's 102 flowers: images by number, with labels and splits in MATLAB files."""

from pathlib import Path

from engine.data.matlab import read_integers
from engine.data.published import files_below, find_root, need_root, read_lines
from engine.data.readers.base import ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "flowers-102"
MARKERS = ("jpg", "imagelabels.mat", "setid.mat")
SPLITS = {"train": "trnid", "valid": "valid", "test": "tstid"}
NAMES = Path(__file__).parents[1] / "names" / "flowers102.txt"
"""The names of the classes 1 to 102, in order, as torchvision has them."""


class Flowers102(ImageFiles):
    """Reads jpg/image_00001.jpg and so on; class 1, pink primrose, has the index 0."""

    title = "Flowers102"
    help = "flowers-102/ with jpg/, imagelabels.mat and setid.mat"

    def matches(self, path: Path) -> bool:
        """Match by the two MATLAB files."""
        return find_root(path, FOLDER, MARKERS) is not None

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the three that are published."""
        return tuple(SPLITS)

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in the order of setid.mat."""
        root = need_root(path, FOLDER, MARKERS)
        labels = read_integers(root / "imagelabels.mat", "labels")
        names = read_lines(NAMES)
        ids = {name: _ids(root, variable, len(labels)) for name, variable in SPLITS.items()}
        listing = NamedImages(root)
        for number in ids[split]:
            label = labels[number - 1]
            if not 1 <= label <= len(names):
                raise DataError(
                    f"{root / 'imagelabels.mat'} gives image {number} the class {label}; "
                    f"there are {len(names)}."
                )
            listing.add(_file(number), label - 1)
        named = {_file(number) for numbers in ids.values() for number in numbers}
        listing.skip_others(files_below(root, "jpg"), named)
        return listing.split(split, [str(n + 1) for n in range(len(names))], classes=names)


def _file(number: int) -> str:
    return f"jpg/image_{number:05d}.jpg"


def _ids(root: Path, variable: str, images: int) -> list[int]:
    ids = read_integers(root / "setid.mat", variable)
    wrong = [number for number in ids if not 1 <= number <= images]
    if wrong:
        raise DataError(
            f"{root / 'setid.mat'} has the image {wrong[0]} in {variable}; imagelabels.mat "
            f"has {images} images."
        )
    return ids


KIND = Flowers102()
