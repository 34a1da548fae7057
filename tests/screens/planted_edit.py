"""A workspace with more mistakes, and edits saved in it without torch."""

import shutil
from pathlib import Path

from tests.screens.planted import Planted, plant, write_bank

HARDER = 22
"""A draw with mistakes in four classes: ant 6, cat 6, dog 8, eel 2."""


def plant_harder(root: Path, *, groups: bool = False) -> Planted:
    """Plant a workspace whose classifier errs often."""
    planted = plant(root, groups=groups)
    bank = planted.home / "bank" / "planted-valid"
    shutil.rmtree(bank)
    write_bank(bank, planted.split, seed=HARDER)
    return planted
