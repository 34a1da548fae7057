"""The half of a split that edits choose on, and the half that they report on. No torch."""

import numpy as np

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array


def halves(cache: FeatureCache, seed: int) -> tuple[Array, Array]:
    """Split a feature cache's rows into a selection and a held-out half, sorted.

    Stratified over class x originally right or wrong x group: a stratum's shares differ by at
    most one image, and so do the halves. The groups are the data's own: a grouping laid over them
    was found on one of these halves, and must not move an image to the other.
    """
    right = cache.predicted == cache.labels
    groups = np.zeros(len(right), dtype=np.int64) if cache.own_groups is None else cache.own_groups
    shuffled = np.random.default_rng((3, seed)).permutation(len(right))
    strata = np.lexsort((shuffled, groups, right, cache.labels))
    return np.sort(strata[::2]), np.sort(strata[1::2])
