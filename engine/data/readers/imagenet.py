"""ImageNet and subsets of it: a folder for each WordNet id, or images with a list of their ids."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath

from engine.data.class_list import wordnet_names
from engine.data.class_names import WNID, distinct
from engine.data.imagenet_labels import Labels, read_labels
from engine.data.published import files_below
from engine.data.readers.base import EXTENSIONS, SPLIT_NAMES, ImageFiles, Listing, Options, Split
from engine.schema.errors import DataError

HOMES = ("", "imagenet", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC")
VALID_NAMES = SPLIT_NAMES[1]
SYSTEM = ("__MACOSX", "@eaDir")
"""Folders that archives and servers leave behind."""
LOOK = 64
"""Images beside class folders after which a folder is taken for a flat one."""


class ImageNet(ImageFiles):
    """Reads train/nXXXXXXXX/*.JPEG, and val/ the same or flat with a list of its classes.

    The classes are the ids that have a folder, or an image in a flat val/, sorted: of all 1,000
    this is the order of the published models. Names for people are WordNet's.
    """

    title = "ImageNet"
    help = "train/nXXXXXXXX/*.JPEG and val/, in class folders or with LOC_val_solution.csv"

    def matches(self, path: Path) -> bool:
        """Match by class folders whose names are WordNet ids, and no others."""
        return _find_home(path) is not None

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the folders with class folders and a flat val/, or `all` for ids in the root."""
        return tuple(_splits(_need_home(path)))

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split by class and path; classes are those of all splits."""
        home = _need_home(path)
        splits = _splits(home)
        wnids, labels_of = set[str](), dict[str, Labels]()
        for name, folder in splits.items():
            ids = _wnids(home / folder)
            labels = None if ids else read_labels(home, folder)
            if labels is not None:
                labels_of[name] = labels
                stems = map(_stem, files_below(home, folder))
                ids = [labels.wnid_of[stem] for stem in stems if stem in labels.wnid_of]
            elif not ids and name == split:
                raise DataError(
                    f"{home / folder} has no class folders; put LOC_val_solution.csv, "
                    f"val_annotations.txt or the development kit's data/ into {home}."
                )
            wnids.update(ids)
        folders = sorted(wnids)
        index = {wnid: number for number, wnid in enumerate(folders)}
        listing = Listing(home)
        if split in labels_of:
            _add_flat(listing, splits[split], labels_of[split], index)
        else:
            _add_folders(listing, splits[split], index)
        lemmas = wordnet_names()
        names = [lemmas.get(wnid, wnid) for wnid in folders]
        return listing.split(split, folders, classes=distinct(names, folders))


def _find_home(path: Path) -> Path | None:
    if not path.is_dir():
        return None
    return next((path / home for home in HOMES if any(_folders(path / home).values())), None)


def _need_home(path: Path) -> Path:
    home = _find_home(path)
    if home is None:
        raise DataError(f"{path} has no folders train/nXXXXXXXX/, named by WordNet ids.")
    return home


def _folders(home: Path) -> dict[str, list[str]]:
    """Return the ids in each folder that may be a split, by its path in `home`."""
    names = [name for names in SPLIT_NAMES for name in names]
    return {name: _wnids(home / name) for name in ["", *names] if (home / name).is_dir()}


def _splits(home: Path) -> dict[str, str]:
    """Return the folders of the splits."""
    folders = _folders(home)
    if folders.pop(""):
        return {"all": ""}
    return {name: name for name, ids in folders.items() if ids or name in VALID_NAMES}


def _wnids(folder: Path) -> list[str]:
    """Return the class folders; none where there are others too, or many images beside them."""
    found, images = [], 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in SYSTEM:
                continue
            if entry.is_dir():
                if not WNID.fullmatch(entry.name):
                    return []
                found.append(entry.name)
            else:
                images += _is_image(entry.name)
                if images > LOOK:
                    return []
    return sorted(found)


def _add_folders(listing: Listing, folder: str, index: Mapping[str, int]) -> None:
    for file in files_below(listing.root, folder):
        wnid, _, below = file.removeprefix(f"{folder}/").partition("/")
        if not _is_image(file):
            listing.skip(file, "no image by its ending")
        elif wnid not in index or not below:
            listing.skip(file, "in no class folder")
        else:
            listing.add(file, index[wnid])


def _add_flat(listing: Listing, folder: str, labels: Labels, index: Mapping[str, int]) -> None:
    there = set()
    for file in files_below(listing.root, folder):
        stem = _stem(file)
        if not _is_image(file):
            listing.skip(file, "no image by its ending")
        elif stem not in labels.wnid_of:
            listing.skip(file, f"not in {labels.source.name}")
        elif stem in there:
            listing.skip(file, "another image has its name")
        else:
            there.add(stem)
            listing.add(file, index[labels.wnid_of[stem]])
    for stem in labels.wnid_of:
        if stem not in there:
            listing.skip(f"{folder}/{stem}", "no such file")


def _is_image(file: str) -> bool:
    return PurePath(file).suffix.lower() in EXTENSIONS


def _stem(file: str) -> str:
    return PurePath(file).stem


KIND = ImageNet()
