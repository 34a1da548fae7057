"""The mean spectrum of real images on disk, and which images it is of. No torch.

`spectra/<key>.npy` of a workspace, (3, H, W/2 + 1). The key is of the images' features, of those
that count, and of the size, so that it is computed once a split and size.
"""

from pathlib import Path

import numpy as np

from engine.features.cache import FeatureCache
from engine.io.atomic import key_of
from engine.schema.arrays import Array

FOLDER = "spectra"
FORMAT = 1
MOST_IMAGES = 2000
"""A mean of so many is as good as of all: their number is bounded, and with it the time."""


def spectrum_rows(cache: FeatureCache) -> Array:
    """Return the rows that a split's mean spectrum is of: all that count, or 2,000 evenly spread.

    Sorted, (k,).
    """
    counted = cache.counted
    if len(counted) <= MOST_IMAGES:
        return counted
    return counted[np.linspace(0, len(counted) - 1, MOST_IMAGES).astype(np.int64)]


def spectrum_key(cache: FeatureCache, size: int) -> str:
    """Return the name of a split's mean spectrum at a size in pixels a side."""
    return key_of((FORMAT, cache.meta.base, size, spectrum_rows(cache).tolist()), 16)


def spectrum_path(home: Path, key: str) -> Path:
    """Return where a workspace keeps it."""
    return home / FOLDER / f"{key}.npy"
