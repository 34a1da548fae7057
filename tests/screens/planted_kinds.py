"""A planted workspace with two kinds of ants: those that resemble bees are mostly mistakes."""

import shutil
from pathlib import Path

from engine.data.splits import open_split
from tests.screens.fake import FakeWorkspace
from tests.screens.planted import Planted, plant, write_cache

ANT, DOG = 0, 3
EACH, NOISE, PULL = 40, 1.2, 10.0


def plant_kinds(root: Path, *, groups: bool = False, training: bool = True) -> FakeWorkspace:
    """Plant it; `groups` are the truth, `training` the features of the training split too."""
    planted = plant(root, groups=groups, each=EACH, on_land=lambda number: number % 2 == 0)
    shutil.rmtree(planted.home / "features" / "planted-valid")
    _extracted(planted, "valid", seed=0)
    if training:
        extract_training(planted)
    return FakeWorkspace(planted)


def extract_training(planted: Planted) -> None:
    """Write the features of the training split."""
    _extracted(planted, "train", seed=0)


def _extracted(planted: Planted, split: str, seed: int) -> None:
    directory = planted.home / "features" / f"planted-{split}"
    write_cache(directory, open_split(planted.source, split), seed, NOISE, PULL)
