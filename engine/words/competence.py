"""Whether a CLIP may be believed here: does it know these classes, and does a word stand out.

A word can pass every test of significance and be nonsense: a CLIP that was never shown such images
still sees that a class's mistakes look otherwise, and some word of a thousand lies that way. Two
questions keep such words out (docs/concepts.md, words). No torch.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from engine.schema.arrays import Array

MARGIN = 0.1
"""How far above chance, on the way to 1, the accuracy's lower end must lie."""
BY_LUCK = 0.05
"""How often names at random may do as well."""
DRAWS = 1000
"""Sets of random words that stand for the classes' names."""
Z95 = 1.959963984540054
MOST_IMAGES = 2000
"""Images that the classes' names are tried on; more say no more."""
LEAST_REFERENCE = 50
"""Words below which nothing can be said of what words do by luck."""


@dataclass(frozen=True)
class Known:
    """How well CLIP tells classes apart by their names, all classes counting the same."""

    accuracy: float
    low: float
    """Lower end of its 95% interval."""
    chance: float
    luck: float
    """What one in twenty sets of random words reaches in place of the names."""

    @property
    def known(self) -> bool:
        """Whether it is better than chance by a margin, and than random words are by luck."""
        enough = self.chance + MARGIN * (1 - self.chance)
        return self.low > enough and self.accuracy > self.luck

    @property
    def why_not(self) -> str:
        """A sentence's end; empty where the classes are known."""
        if self.known:
            return ""
        told = f"{self.accuracy:.0%} for {self.chance:.0%} by chance"
        if self.accuracy > self.chance and self.accuracy <= self.luck:
            told += f", and random words reach {self.luck:.0%}"
        return f"this CLIP does not know these classes: {told}"


def zero_shot(
    images: Array,
    labels: Array,
    names: Array,
    reference: Array,
    seed: int = 0,
    kinds: Array | None = None,
) -> Known | None:
    """Return how well CLIP's own names tell the classes apart; None for fewer than two classes.

    An image is said to be of the class whose name it is most like. Chance is not all that names
    must beat: any two texts divide images somehow, and now and then as the classes do. So random
    words take the names' places a thousand times.

    Args:
        images: (n, E), of length 1.
        labels: (n,), rows of `names`.
        names: (c, E), of length 1.
        reference: (r, E) of words that have nothing to do with the classes.
        seed: Of the random words.
        kinds: (n,), which of two kinds of its class each image is of: both then count the same.
            Where nearly all of a class are of one kind, any word for that tells the classes apart.
    """
    rng = np.random.default_rng((23, seed))
    present = np.unique(labels)
    if len(present) < 2 or len(reference) < max(LEAST_REFERENCE, len(present)):
        return None
    images = np.asarray(images, dtype=np.float32)
    labels, names = np.searchsorted(present, labels), names[present]
    cells = _Cells(labels, np.zeros(len(labels), np.int64) if kinds is None else kinds)
    accuracy, low = cells.estimate((images @ names.T).argmax(axis=1) == labels)
    # a row a word, so that those drawn are copied row by row
    likeness, count = np.asarray(reference, dtype=np.float32) @ images.T, len(present)
    random = [
        cells.mean(likeness[rng.choice(len(reference), count, replace=False)].argmax(0) == labels)
        for _ in range(DRAWS)
    ]
    return Known(
        accuracy=accuracy,
        low=low,
        chance=1 / count,
        luck=float(np.quantile(random, 1 - BY_LUCK)),
    )


def drawn(rows: Array, seed: int) -> Array:
    """Return the rows that names are tried on: these, or 2,000 of them at random, sorted."""
    if len(rows) <= MOST_IMAGES:
        return rows
    return np.sort(np.random.default_rng((41, seed)).permutation(rows)[:MOST_IMAGES])


class _Cells:
    """Images by class and kind: classes count the same, and so do the kinds of a class.

    Args:
        labels: (n,), 0 to C - 1, each there.
        kinds: (n,), of any numbers.
    """

    def __init__(self, labels: Array, kinds: Array) -> None:
        cells, self._of = np.unique(np.stack([labels, kinds]), axis=1, return_inverse=True)
        self._of = self._of.ravel()
        self._n = np.bincount(self._of)
        kinds_of_class = np.bincount(cells[0])
        self._weight = 1 / (len(kinds_of_class) * kinds_of_class[cells[0]])

    def mean(self, hits: Array) -> float:
        """Return the mean of hits (n,)."""
        return float(self._weight @ (np.bincount(self._of, weights=hits) / self._n))

    def estimate(self, hits: Array) -> tuple[float, float]:
        """Return the mean of hits (n,) and the lower end of its 95% interval."""
        # two hits and two misses more a cell, so that one without a miss is not without doubt
        many = self._n + 4
        shares = (np.bincount(self._of, weights=hits) + 2) / many
        spread = np.sqrt((self._weight**2 * shares * (1 - shares) / many).sum())
        mean = self.mean(hits)
        return mean, mean - Z95 * float(spread)


def stands_out(difference: Array, reference: Array) -> Array:
    """Return (..., w): whether each word tells two sets of images apart as no word does by luck.

    A difference of mean cosines is the length of a text's shadow on the line between both sets'
    mean images, so that texts that say nothing of it lie around 0 as a normal distribution does.
    A word stands out beyond the largest of so many draws from it, 19 times in 20. In units of
    cosines, not of each word's own standard deviation: a text that CLIP never learned hardly moves
    over the images, and small moves are then many deviations.

    Args:
        difference: (..., w), mean cosine over one set minus that over the other; several pairs of
            sets at once where there are more dimensions.
        reference: (..., r), the same of words at random; the median and its spread are taken from
            it.
    """
    words, at_random = difference.shape[-1], reference.shape[-1]
    if at_random < LEAST_REFERENCE:
        return np.zeros(difference.shape, dtype=bool)
    middle = np.median(reference, axis=-1, keepdims=True)
    deviation = np.median(np.abs(reference - middle), axis=-1, keepdims=True)
    spread = 1.4826 * deviation + 1e-9
    limit = NormalDist().inv_cdf(1 - BY_LUCK / 2 / max(words, at_random))
    return np.asarray(np.abs(difference - middle) > limit * spread)
