"""CLIP features in which birds lie on two places, more or less clearly."""

import numpy as np

from engine.clip.image_features import ClipFeatures
from engine.grouping.described import by_clip

WIDTH = 32


def places_seen(cache, *, place, seed=0, rows=None):
    """Images by a CLIP that sees each bird's place at `place` standard deviations."""
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(cache.meta.n, WIDTH))
    images[:, 0] += 6
    images[np.arange(cache.meta.n), 1 + cache.own_groups % 2] += place
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    rows = np.arange(cache.meta.n) if rows is None else rows
    whole = len(rows) == cache.meta.n
    note = "" if whole else "a probe"
    return by_clip(ClipFeatures(rows, images[rows].astype(np.float16), whole, note))
