"""Core sensitivity: is what a neuron sees, in a class's drawing, the class's own? No torch.

Source: the automatic selection of neurons published with the method; docs/concepts.md, rankings.
"""

import numpy as np

from engine.features.cache import FeatureCache
from engine.features.parts import in_parts
from engine.schema.arrays import Array

ALIKE = 20
"""Classes that a drawing is compared with: those whose mean features it resembles most."""


def class_means(cache: FeatureCache) -> Array:
    """Return (C, D): the mean features of each class's images; NaN for a class without any.

    Reads 8,192 images at once.
    """
    sums = np.zeros((len(cache.classes), cache.meta.width))
    labels = cache.labels
    for part, features in in_parts(cache.features, cache.counted):
        np.add.at(sums, labels[part], features)
    counts = np.bincount(labels[cache.counted], minlength=len(cache.classes))
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], np.nan)


def core_sensitivity(drawn: Array, masked: Array, means: Array, class_index: int) -> float | None:
    """Return how much of class k's likeness lies where the neuron looks, against other classes'.

    s_c is the cosine of the masked drawing with the mean features of class c, over that of the
    whole drawing; the result is s_k over the mean s_c of the 20 classes that the drawing resembles
    most. Below 1, what the neuron sees is less k's own than those classes'.

    Args:
        drawn: (D,), the features of the drawing.
        masked: (D,), of the drawing where its own map is bright.
        means: (C, D), see `class_means`.
        class_index: k.

    Returns:
        None where a likeness is not positive, so that a quotient says nothing.
    """
    whole, part = _cosines(drawn, means), _cosines(masked, means)
    usable = whole > 0
    if not usable[class_index] or part[class_index] <= 0:
        return None
    alike = np.flatnonzero(usable)
    alike = alike[np.argsort(-whole[alike], kind="stable")][:ALIKE]
    usual = float((part[alike] / whole[alike]).mean())
    return float(part[class_index] / whole[class_index] / usual) if usual > 0 else None


def _cosines(features: Array, means: Array) -> Array:
    """Return (C,); -1 where there is nothing to compare with."""
    features = np.asarray(features, dtype=np.float64)
    length = np.linalg.norm(features) * np.linalg.norm(means, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = means @ features / length
    return np.where(np.isfinite(found), found, -1.0)
