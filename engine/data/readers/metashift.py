"""MetaShift: photographs in sets by what they show and in which context, such as `dog(chair)`."""

import pickle
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from io import BytesIO
from pathlib import Path
from typing import Any

from engine.data.holdout import held_out
from engine.data.published import files_below, find_root, need_root, read_bytes
from engine.data.readers.base import ImageFiles, NamedImages, Options, Split
from engine.schema.errors import DataError

FOLDER = "metashift"
SUBSETS = "full-candidate-subsets.pkl"
MARKERS = (SUBSETS, "images")
HARMLESS = {
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,  # as Python 2 calls it, and protocols up to 2
    ("builtins", "frozenset"): frozenset,
    ("__builtin__", "frozenset"): frozenset,
    ("collections", "defaultdict"): defaultdict,
}
"""What the published file is made of, beside what a pickle builds by itself."""
SPLITS = ("train", "valid", "test")


class MetaShift(ImageFiles):
    """Reads images/ID.jpg by full-candidate-subsets.pkl, which runs no code as it is read.

    The classes are the subjects, all or those of the column `label`, such as `cat,dog`. An image
    that shows several of them is skipped. Of the others, 40% of each class are `train`, 40%
    `valid` and 20% `test`, by a stable hash. The group is the subject in its context, the first
    by the alphabet where an image has several.
    """

    title = "MetaShift"
    help = "a folder with full-candidate-subsets.pkl and images/ID.jpg"

    def matches(self, path: Path) -> bool:
        """Match by the file of subsets."""
        return find_root(path, FOLDER, MARKERS) is not None

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the three that are made by a stable hash."""
        return SPLITS

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split by class and image."""
        root = need_root(path, FOLDER, MARKERS)
        subsets = _subsets(root / SUBSETS)
        classes = _classes(root / SUBSETS, subsets, options.columns.get("label"))
        group_of = _groups(subsets, classes)
        several = {image: shown for image, shown in group_of.items() if len(shown) > 1}
        rows = sorted(
            (classes.index(subject), _file(image), group)
            for image, shown in group_of.items()
            if len(shown) == 1
            for subject, group in shown.items()
        )
        if not rows:
            raise DataError(
                f"Every image of {root / SUBSETS} shows several of its {len(classes)} subjects; "
                "choose a few as classes, such as `--column label=cat,dog`."
            )
        groups = sorted({group for _, _, group in rows})
        number = {group: index for index, group in enumerate(groups)}
        parts = _parts([file for _, file, _ in rows], [label for label, _, _ in rows])
        listing = NamedImages(root)
        for (label, file, group), part in zip(rows, parts, strict=True):
            if part == split:
                listing.add(file, label, number[group])
        for image in sorted(several):
            listing.skip(_file(image), f"shows {' and '.join(sorted(several[image]))}")
        named = {_file(image) for image in group_of}
        rest = sum(file not in named for file in files_below(root, "images"))
        if rest:
            listing.skip("images", f"{rest:,} files are in no set of the classes")
        return listing.split(split, classes, groups, classes=classes)


def shown_alone(
    path: Path, kinds: Sequence[str]
) -> tuple[Path, dict[str, dict[str, frozenset[str]]]]:
    """Return the data's folder, and by kind and image path the contexts that an image is in.

    Images that show several of the kinds are left out.

    Raises:
        DataError: The data are missing or damaged, or lack one of the kinds.
    """
    root = need_root(path, FOLDER, MARKERS)
    subsets = _subsets(root / SUBSETS)
    classes = _classes(root / SUBSETS, subsets, ",".join(kinds))
    found: dict[str, dict[str, set[str]]] = {kind: defaultdict(set) for kind in classes}
    for kind in classes:
        for name, images in subsets[kind].items():
            context = name[name.rindex("(") + 1 : -1].strip()
            for image in images:
                found[kind][_file(image)].add(context)
    times = Counter(file for of in found.values() for file in of)
    return root, {
        kind: {file: frozenset(contexts) for file, contexts in of.items() if times[file] == 1}
        for kind, of in found.items()
    }


class _Subsets(pickle.Unpickler):
    """Builds sets and their names; whatever else a pickle asks for is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the harmless types."""
        if (module, name) not in HARMLESS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return HARMLESS[module, name]


def _subsets(path: Path) -> dict[str, dict[str, list[str]]]:
    """Return the images of each context of each subject."""
    try:
        found = _Subsets(BytesIO(read_bytes(path))).load()
    except DataError:
        raise
    # a pickle that is damaged, or made to harm, raises anything
    except Exception as error:
        raise DataError(
            f"{path} is not a pickle of sets of images ({type(error).__name__}: {error}), and "
            "nothing in it was run; fetch it again from where MetaShift is published."
        ) from error
    if not isinstance(found, dict) or not found:
        raise DataError(f"{path} holds no sets of images by name.")
    subsets: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for name, images in found.items():
        parts = re.fullmatch(r"(.+)\((.+)\)", name) if isinstance(name, str) else None
        if parts is None or not isinstance(images, Set | list | tuple):
            raise DataError(f"{path} has {name!r}; expected a set of images like 'dog(chair)'.")
        if not all(isinstance(image, str | int) for image in images):
            raise DataError(f"{path} holds in {name!r} what is no image's number.")
        subsets[parts[1].strip()][name] = sorted(map(str, images))
    return subsets


def _classes(path: Path, subsets: Mapping[str, object], wanted: str | None) -> list[str]:
    """Return the subjects that are classes, sorted."""
    if wanted is None:
        return sorted(subsets)
    classes = sorted({name.strip() for name in wanted.split(",") if name.strip()})
    unknown = [name for name in classes if name not in subsets]
    if unknown or not classes:
        listing = ", ".join(sorted(subsets)[:12])
        raise DataError(
            f"{path} has no subject {', '.join(unknown) or wanted!r}; the first there: {listing}."
        )
    return classes


def _groups(
    subsets: Mapping[str, Mapping[str, list[str]]], classes: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return for each image its subjects, and the first set of each that it is in."""
    group_of: dict[str, dict[str, str]] = defaultdict(dict)
    for subject in classes:
        for name in sorted(subsets[subject]):
            for image in subsets[subject][name]:
                group_of[image].setdefault(subject, name)
    return group_of


def _parts(files: Sequence[str], labels: Sequence[int]) -> list[str]:
    """Return the split of each image: a fifth of each class tests, and half of the rest trains."""
    tests = held_out(files, labels, 0.2)
    rest = [number for number, out in enumerate(tests) if not out]
    valid = held_out([files[number] for number in rest], [labels[number] for number in rest], 0.5)
    parts = ["test"] * len(files)
    for number, out in zip(rest, valid, strict=True):
        parts[number] = "valid" if out else "train"
    return parts


def _file(image: str) -> str:
    return f"images/{image}.jpg"


KIND = MetaShift()
