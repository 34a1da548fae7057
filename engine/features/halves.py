"""The half of a split that edits choose on, and the half that they report on. No torch."""

import numpy as np

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array


def halves(cache: FeatureCache, seed: int) -> tuple[Array, Array]:
    """Split the rows that count into a selection and a held-out half, sorted.

    Stratified over class x originally right or wrong x group: a stratum's shares differ by at
    most one image, and so do the halves. The groups are the data's own: a grouping laid over them
    was found on one of these halves, and must not move an image to the other. For the same reason
    images set aside are divided like all others and only then left out: setting one aside, or
    bringing it back, moves no other image; the halves then differ by what was set aside.
    """
    right = cache.predicted == cache.own_labels
    groups = np.zeros(len(right), dtype=np.int64) if cache.own_groups is None else cache.own_groups
    shuffled = np.random.default_rng((3, seed)).permutation(len(right))
    strata = np.lexsort((shuffled, groups, right, cache.own_labels))
    selection, held_out = np.sort(strata[::2]), np.sort(strata[1::2])
    return np.setdiff1d(selection, cache.aside), np.setdiff1d(held_out, cache.aside)


def two_halves(labels: Array, rows: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Divide rows in two at random, every class alike; labels (n,) are the whole split's.

    One half is fitted, the other chooses a strength. A class of one image is in the first.
    """
    shuffled = rng.permutation(rows)
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    first = np.zeros(len(ordered), dtype=bool)
    for k in np.unique(labels[ordered]):
        first[np.flatnonzero(labels[ordered] == k)[::2]] = True
    return np.sort(ordered[first]), np.sort(ordered[~first])
