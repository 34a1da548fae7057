"""Calibration of a classifier: how far its confidence is from its accuracy. No torch.

Source: docs/concepts.md, calibration (Guo et al. 2017).
"""

import numpy as np

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Calibration, CalibrationBin

BINS = 15
LOGITS_AT_ONCE = 2**22
"""Bounds the memory: numbers of logits read at once."""


def calibration(confidence: Array, correct: Array, bins: int = BINS) -> Calibration:
    """Bin images by confidence, and return the expected calibration error.

    Bin m of M holds the images with a confidence in ((m - 1) / M, m / M].

    Args:
        confidence: (n,), the probability of each image's prediction, in 0 to 1.
        correct: (n,), whether the prediction is right.
        bins: M, the number of equal bins.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, weights=confidence, minlength=bins)
    hits = np.bincount(place, weights=correct, minlength=bins)
    n = len(confidence)
    return Calibration(
        n=n,
        ece=float(np.abs(hits - sums).sum() / n) if n else None,
        confidence=float(np.mean(confidence)) if n else None,
        accuracy=float(np.mean(correct)) if n else None,
        bins=tuple(
            CalibrationBin(
                lo=float(edges[m]),
                hi=float(edges[m + 1]),
                n=int(counts[m]),
                confidence=float(sums[m] / counts[m]) if counts[m] else None,
                accuracy=float(hits[m] / counts[m]) if counts[m] else None,
            )
            for m in range(bins)
        ),
    )


def top_probability(logits: Array) -> Array:
    """Return (n,), the largest softmax probability of each row of logits (n, C), in float64."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = shifted - shifted.max(axis=1, keepdims=True)
    return np.asarray(1 / np.exp(shifted).sum(axis=1))


def split_calibration(cache: FeatureCache) -> Calibration:
    """Return the calibration of the classifier on the images of a split that count."""
    rows = cache.counted
    at_once = max(1, LOGITS_AT_ONCE // len(cache.classes))
    parts = [
        top_probability(cache.logits[rows[start : start + at_once]])
        for start in range(0, len(rows), at_once)
    ]
    correct = cache.predicted[rows] == cache.labels[rows]
    return calibration(np.concatenate(parts), correct)
