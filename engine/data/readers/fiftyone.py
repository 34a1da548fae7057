"""Image classification data as FiftyOne exports them: a folder of images, and labels.json."""

from pathlib import Path
from typing import Any

import msgspec

from engine.data.published import files_below, find_root, need_root, read_bytes
from engine.data.readers.base import EXTENSIONS, ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "fiftyone"
MARKERS = ("data", "labels.json")


class Export(msgspec.Struct):
    """labels.json: an image's name without its ending, and the index, or the name, of its class."""

    labels: dict[str, Any]
    classes: list[str] | None = None
    """None: the labels are names."""


class FiftyOne(ImageFiles):
    """Reads data/* by labels.json; the one split is called `all`."""

    title = "FiftyOne export"
    help = "a folder with data/*.jpg and labels.json; the one split is called all"

    def matches(self, path: Path) -> bool:
        """Match by labels.json beside data/, which starts as an object does."""
        root = find_root(path, FOLDER, MARKERS)
        if root is None:
            return False
        with (root / MARKERS[1]).open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the one there is."""
        return ("all",)

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List all images by name; those without a label are skipped."""
        root = need_root(path, FOLDER, MARKERS)
        export = _read(root / MARKERS[1])
        folders = export.classes
        if folders is None:
            folders = sorted({name for name in export.labels.values() if isinstance(name, str)})
        index = {folder: number for number, folder in enumerate(folders)}
        listing = NamedImages(root)
        seen: dict[str, str] = {}
        for file in files_below(root, "data"):
            stem = str(Path(file).relative_to("data").with_suffix(""))
            if Path(file).suffix.lower() not in EXTENSIONS:
                listing.skip(file, "no image by its ending")
            elif stem not in export.labels:
                listing.skip(file, "not in labels.json")
            elif stem in seen:
                listing.skip(file, f"labels.json does not tell it from {seen[stem]}")
            else:
                seen[stem] = file
                _add(listing, file, export.labels[stem], index)
        for stem in export.labels:
            if stem not in seen:
                listing.skip(f"data/{stem}", "no such file")
        return listing.split(split, folders)


def _read(path: Path) -> Export:
    try:
        export = msgspec.json.decode(read_bytes(path), type=Export)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(f"{path} is not FiftyOne's labels of images: {error}.") from error
    if export.classes is not None and len(set(export.classes)) < len(export.classes):
        raise DataError(f"{path} names a class twice.")
    return export


def _add(listing: NamedImages, file: str, label: object, index: dict[str, int]) -> None:
    """Add an image by an index or a name; anything else is no label of one class."""
    if label is None:
        listing.skip(file, "no label")
    elif isinstance(label, str) and label in index:
        listing.add(file, index[label])
    elif isinstance(label, int) and not isinstance(label, bool):
        if not 0 <= label < len(index):
            raise DataError(
                f"{listing.root / MARKERS[1]} gives {file} the class {label}; it names "
                f"{len(index)}."
            )
        listing.add(file, label)
    else:
        listing.skip(file, "its label is not the index or the name of one class")


KIND = FiftyOne()
