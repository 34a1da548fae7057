"""Two kinds of images in one class, told apart by the direction of its mistakes. No torch.

Source: docs/concepts.md, groups without labels. Whatever array describes the images will do, one
row an image: the classifier's own features, or another model's.
"""

from dataclasses import dataclass
from math import comb, pi

import numpy as np

from engine.schema.arrays import Array

MANY = 10
"""Mistakes from which the direction is that of the mistakes; with fewer, the steadier of that and
the loss's."""
BY_MISTAKES, BY_LOSS = "mistakes", "loss"
LEAST = 3
"""Mistakes below which a class is not grouped: one or two are no kind."""
CHANCE = 0.05
"""How likely it may be that mistakes scattered at random gather so on one side."""
RESAMPLES = 100
ALIKE = 0.75
"""What two disjoint halves must agree on for a resample to count; unrelated splits agree on .5."""
STABLE = 0.95
"""Share of the resamples that must count. Two halves that see noise fall on the same side half the
time, and in 95% of the resamples for one class in twenty."""
ONE_HEAP = 2 / pi
"""Share of a normal distribution's variance that lies between its two halves: no gap at all."""
REFITS = 10
"""Times that a class is divided in disjoint halves to see how clear the gap is."""
MOST = 5000
"""Images of a class that a direction is found on; it is no steadier with more."""


@dataclass(frozen=True)
class Cut:
    """Two kinds of images in a class: above and below a threshold on a direction."""

    direction: Array
    """(D,), of length 1."""
    threshold: float
    stability: float
    """Share of resamples in which two disjoint halves of the images find the same kinds."""
    by: str
    """`mistakes` or `loss`."""
    chance: float
    """How likely mistakes scattered at random over both kinds gather as they do."""
    clearness: float
    """How clear the gap is on images that the direction was not found on: the share of their
    variance along it that lies between both sides, 2/pi for one normal heap, 1 for two points."""

    @property
    def stable(self) -> bool:
        """Whether it is more than noise would give."""
        return self.stability >= STABLE and self.chance <= CHANCE


def otsu(values: Array) -> Array:
    """Return the thresholds (b,) that best divide the columns of (n, b) values in two.

    Best is Otsu's criterion, the largest variance between both sides; the threshold lies in the
    middle of the gap. Values that are all equal have themselves as threshold.
    """
    ordered = np.sort(values, axis=0)
    n = len(ordered)
    below = np.arange(1, n, dtype=np.float64)[:, None]
    sums = np.cumsum(ordered, axis=0, dtype=np.float64)
    gap = sums[:-1] / below - (sums[-1] - sums[:-1]) / (n - below)
    between = below * (n - below) * gap**2
    between[ordered[1:] <= ordered[:-1]] = -1.0  # equal values stay together
    best, columns = between.argmax(axis=0), np.arange(values.shape[1])
    return (ordered[best, columns] + ordered[best + 1, columns]) / 2


def find_cut(features: Array, wrong: Array, loss: Array, seed: int) -> Cut:
    """Find the two kinds of images of one class.

    Args:
        features: (n, D) of its images, standardised.
        wrong: (n,), whether each is a mistake; not all alike.
        loss: (n,), 1 minus the probability of the class.
        seed: Of the resamples.
    """
    mistakes = wrong.astype(np.float64)
    cut = _cut(features, wrong, mistakes, BY_MISTAKES, seed)
    if int(wrong.sum()) >= MANY:
        return cut
    other = _cut(features, wrong, np.asarray(loss, dtype=np.float64), BY_LOSS, seed)
    return other if other.stability > cut.stability else cut


def _cut(features: Array, wrong: Array, towards: Array, by: str, seed: int) -> Cut:
    direction = _directions(features, towards, np.ones((1, len(wrong))))[:, 0]
    along = features @ direction
    threshold = float(otsu(along[:, None])[0])
    kinds = along > threshold
    rng = np.random.default_rng((17, seed))
    return Cut(
        direction=direction,
        threshold=threshold,
        stability=_stability(features, towards, wrong, kinds, rng),
        by=by,
        chance=_chance(kinds, wrong),
        clearness=_clearness(features, towards, wrong, np.random.default_rng((53, seed))),
    )


def _chance(kinds: Array, wrong: Array) -> float:
    """Return the two-sided p of so many mistakes on one side (Fisher's exact test).

    Four mistakes lie by chance in the same one of two equal kinds once in eight times: halves of
    them then agree, and say nothing.
    """
    n, above, m = len(kinds), int(kinds.sum()), int(wrong.sum())
    there = int((kinds & wrong).sum())
    tail = sum(comb(above, i) * comb(n - above, m - i) for i in range(there, min(above, m) + 1))
    return min(1.0, 2 * tail / comb(n, m))


def _directions(features: Array, towards: Array, weights: Array) -> Array:
    """Return (D, b), of length 1: the covariance with `towards` under each row of `weights`.

    With `towards` 0 and 1 this is the mean of the mistakes minus that of the others, up to length.
    """
    weights = weights / weights.sum(axis=1, keepdims=True)
    centred = weights * (towards - (weights @ towards)[:, None])  # (b, n)
    found = (centred @ features).T
    return np.asarray(found / (np.linalg.norm(found, axis=0, keepdims=True) + 1e-12))


def _stability(
    features: Array, towards: Array, wrong: Array, kinds: Array, rng: np.random.Generator
) -> float:
    """Return the share of resamples whose two disjoint halves tell the same images apart.

    Ordinary bootstrap resamples share images, and with them the noise: their directions agree
    whatever there is. Halves share none. Both kinds weigh the same, however many images each has.
    """
    first = _first_halves(wrong, RESAMPLES, rng)
    sides = []
    for weights in (first, 1.0 - first):
        along = features @ _directions(features, towards, weights)  # (n, b)
        sides.append(along > otsu(along))
    same = sides[0] == sides[1]
    agreed = (same[kinds].mean(axis=0) + same[~kinds].mean(axis=0)) / 2
    return float((agreed >= ALIKE).mean())


def _first_halves(wrong: Array, count: int, rng: np.random.Generator) -> Array:
    """Return (count, n): 1 for the images of a random half, mistakes and others divided alike."""
    first = np.zeros((count, len(wrong)))
    for inside in (np.flatnonzero(wrong), np.flatnonzero(~wrong)):
        for row in first:
            drawn = rng.permutation(inside)
            row[drawn[: len(drawn) // 2 + int(rng.integers(2)) * (len(drawn) % 2)]] = 1.0
    return first


def _clearness(features: Array, towards: Array, wrong: Array, rng: np.random.Generator) -> float:
    """Return the share of variance between both sides, of one half along the other's direction."""
    first = _first_halves(wrong, REFITS, rng)
    shares = []
    for fitted in (first, 1.0 - first):
        along = features @ _directions(features, towards, fitted)  # (n, b)
        shares += [
            _between(values[weights == 0]) for values, weights in zip(along.T, fitted, strict=True)
        ]
    return float(np.mean(shares))


def _between(values: Array) -> float:
    """Return the share of the variance of (n,) values that Otsu's threshold lays between sides."""
    variance = float(values.var())
    if len(values) < 2 or variance <= 0:
        return 0.0
    above = values > otsu(values[:, None])[0]
    gap = values[above].mean() - values[~above].mean()
    return float(above.mean() * (1 - above.mean()) * gap**2 / variance)
