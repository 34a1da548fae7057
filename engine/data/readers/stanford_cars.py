"""Stanford Cars: numbered images, with classes in MATLAB files."""

from pathlib import Path

from engine.data.matlab import read_records, read_texts
from engine.data.published import files_below, find_file, find_root, need_root
from engine.data.readers.base import ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "stanford_cars"
NAMES = "devkit/cars_meta.mat"
MARKERS = (NAMES, "cars_train")
LISTS = {"train": "cars_train_annos.mat", "test": "cars_test_annos_withlabels.mat"}


class StanfordCars(ImageFiles):
    """Reads cars_train/*.jpg and cars_test/*.jpg; class 1 has the index 0."""

    title = "Stanford Cars"
    help = "stanford_cars/ with cars_train/, cars_test/, devkit/, cars_test_annos_withlabels.mat"

    def matches(self, path: Path) -> bool:
        """Match by the names of the classes in devkit/."""
        return find_root(path, FOLDER, MARKERS) is not None

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return those that have a folder of images."""
        root = need_root(path, FOLDER, MARKERS)
        return tuple(split for split in LISTS if (root / f"cars_{split}").is_dir())

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split in the order of its MATLAB file."""
        root = need_root(path, FOLDER, MARKERS)
        file = find_file([root, root / "devkit"], LISTS[split])
        if file is None:
            raise DataError(
                f"{root} has no {LISTS[split]}, which has the classes of cars_{split}/; put it "
                "into that folder or into its devkit/."
            )
        names = read_texts(root / NAMES, "class_names")
        folder = f"cars_{split}"
        if (root / folder / folder).is_dir():  # unpacked into a folder of the archive's name
            folder = f"{folder}/{folder}"
        rows = read_records(file, "annotations", ["fname"], ["class"])
        listing = NamedImages(root)
        for [image], [label] in rows:
            if not 1 <= label <= len(names):
                raise DataError(
                    f"{file} gives {image} the class {label}; {NAMES} names {len(names)}."
                )
            listing.add(f"{folder}/{image}", label - 1)
        named = {f"{folder}/{image}" for [image], _ in rows}
        listing.skip_others(files_below(root, folder), named)
        return listing.split(split, names, classes=names)


KIND = StanfordCars()
