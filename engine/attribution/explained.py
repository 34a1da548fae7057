"""How much of each neuron groups explain: what the images of a class differ in. No torch.

Source: docs/concepts.md, rankings.
"""

from collections.abc import Sequence

import numpy as np

from engine.features.cache import FeatureCache
from engine.features.parts import in_parts
from engine.schema.arrays import Array


def explained_by_groups(cache: FeatureCache, classes: Sequence[int], rows: Array | None) -> Array:
    """Return (D,): the share of a neuron's variance within a class that its groups explain.

    Summed over the classes, so from 0 to their number. Images of no group do not count; a class of
    one group, and a neuron that does not vary, add 0. Reads 8,192 images at once.

    Args:
        cache: Of the split, with groups.
        classes: Whose images.
        rows: Look at these rows only; None for all.
    """
    assert cache.groups is not None  # asked for before
    known = cache.groups >= 0
    if rows is not None:
        known = known & np.isin(np.arange(len(known)), rows)
    total = np.zeros(cache.meta.width)
    for k in classes:
        total += _share(cache, np.flatnonzero(known & (cache.labels == k)))
    return total


def _share(cache: FeatureCache, rows: Array) -> Array:
    """Return (D,): between the groups' sums of squares over all of them, of one class's rows."""
    assert cache.groups is not None
    groups, n = np.unique(cache.groups[rows], return_counts=True)
    if len(groups) < 2:
        return np.zeros(cache.meta.width)
    counts = n.astype(np.float64)[:, None]
    sums = np.zeros((len(groups), cache.meta.width))
    for part, features in in_parts(cache.features, rows):
        np.add.at(sums, np.searchsorted(groups, cache.groups[part]), features)
    mean = sums.sum(axis=0) / len(rows)
    whole = np.zeros(cache.meta.width)
    for _, features in in_parts(cache.features, rows):
        whole += ((features - mean) ** 2).sum(axis=0)
    between = (counts * (sums / counts - mean) ** 2).sum(axis=0)
    return np.where(whole > 1e-12 * len(rows), between / np.maximum(whole, 1e-300), 0.0)
