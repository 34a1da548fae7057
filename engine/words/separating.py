"""Which words tell a class's mistakes from its right images: a permutation test. No torch."""

from dataclasses import dataclass

import numpy as np

from engine.schema.arrays import Array

ALPHA = 0.05
"""How likely it may be that any word of the vocabulary is wrong."""
PERMUTATIONS = 1000
AT_ONCE = 2**22
"""Bounds the memory: numbers of permuted effects held at once."""
FLOOR = 0.99
"""Share of the words whose standard deviation is below the smallest that is divided by."""
TINY = 1e-9
ROUNDING = 1e-5
"""Two effects that differ by less are equal; a permutation may be the one that was seen."""


@dataclass(frozen=True)
class Effects:
    """How far each of W words tells mistakes from right images."""

    effect: Array
    """(W,): the mean cosine over the mistakes minus that over the right images, in standard
    deviations within the class, or in the floor of those where a word's own is smaller."""
    difference: Array
    """(W,): the same, in cosines."""
    p: Array
    """(W,): how often the strongest of all words is as strong when mistakes are dealt out at
    random."""


def effects(
    cosines: Array, wrong: Array, seed: int = 0, permutations: int = PERMUTATIONS
) -> Effects:
    """Test every word at once, with the largest effect over the words (Westfall and Young, 1993).

    Which images are mistakes is dealt out anew, and the largest |effect| of all words noted: a word
    of which one in twenty such largest effects is larger does not survive, however long the
    vocabulary. The standard deviation is that of all images of the class, which dealing does not
    change; so |effect| grows with Student's t of the two groups, and the test with the largest t
    would be the same but for the floor.

    The floor: a text that CLIP never learned hardly moves over the images, and small moves are many
    small deviations. So, as in the analysis of microarrays (Tusher et al., 2001), no word is
    divided by less than what most words' cosines vary by.

    Args:
        cosines: (n, W) of a class's images.
        wrong: (n,), whether each is a mistake; both kinds are there.
        seed: Of the permutations.
        permutations: How many.
    """
    n, count = len(wrong), int(wrong.sum())
    # sums over the smaller side, signed: both sides' standardised cosines sum to 0
    wrong_fewer = count * 2 <= n
    chosen = wrong if wrong_fewer else ~wrong
    few = int(chosen.sum())
    cosines = np.asarray(cosines, dtype=np.float32)
    scale = cosines.std(axis=0, dtype=np.float64)
    scale = np.maximum(scale, np.quantile(scale, FLOOR)) + TINY
    standard = ((cosines - cosines.mean(axis=0)) / scale).astype(np.float32)
    factor = (1 / few + 1 / (n - few)) * (1 if wrong_fewer else -1)
    effect = standard[chosen].sum(axis=0, dtype=np.float64) * factor
    largest = np.sort(_largest(standard, few, seed, permutations) * abs(factor))
    above = permutations - np.searchsorted(largest, np.abs(effect) - ROUNDING)
    return Effects(effect, effect * scale, (1 + above) / (1 + permutations))


def _largest(standard: Array, few: int, seed: int, permutations: int) -> Array:
    """Return (permutations,): the largest |sum| of a word over so many images at random."""
    rng = np.random.default_rng((29, seed))
    n, words = standard.shape
    found, part = [], max(1, AT_ONCE // max(n, words))
    for start in range(0, permutations, part):
        some = min(part, permutations - start)
        drawn = np.argpartition(rng.random((some, n)), few - 1, axis=1)[:, :few]
        dealt = np.zeros((some, n), dtype=np.float32)
        np.put_along_axis(dealt, drawn, 1, axis=1)
        found.append(np.abs(dealt @ standard).max(axis=1))
    return np.concatenate(found)
