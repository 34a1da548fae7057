"""How many images are on both sides of a division, and how many of them are right. No torch."""

from dataclasses import dataclass

import numpy as np

from engine.features.cache import FeatureCache
from engine.grouping.choosing import find_kinds
from engine.grouping.described import CLIP, Described, Space
from engine.grouping.finding import Kinds
from engine.schema.arrays import Array


@dataclass(frozen=True)
class Side:
    """Images of one class on one side."""

    value: str
    images: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """The share that is predicted correctly; None without images."""
        return self.right / self.images if self.images else None


@dataclass(frozen=True)
class TwoKinds:
    """What was found in one class."""

    kinds: Kinds
    sides: tuple[Side, Side] | None
    """Those like its mistakes, and the others; None where the class is not divided."""
    space: Space
    """Where they were told apart."""


def two_kinds(
    cache: FeatureCache,
    selection: Array,
    class_index: int,
    seed: int,
    clip: Described | None = None,
) -> TwoKinds:
    """Find the two kinds of images of a class, and count both among the images looked at.

    The accuracies are of the very images on which the direction was found, and so are farther
    apart than they would be on others.

    Args:
        cache: Of the evaluation split.
        selection: Its rows that may be looked at.
        class_index: The class.
        seed: Of the resamples.
        clip: The images by CLIP's features: they are told apart where that is clearer; None: by
            the classifier's own.
    """
    found = find_kinds(cache, selection, [class_index], seed, clip)
    [kinds] = found.kinds
    if found.refusal:
        return TwoKinds(kinds, None, found.space)
    first, second = found.values
    rows = selection[cache.labels[selection] == class_index]
    images = clip if found.space == CLIP else None
    values = np.array(found.apply(cache, images), dtype=object)[rows]
    right = cache.predicted[rows] == class_index
    sides = (_side(first, values, right), _side(second, values, right))
    return TwoKinds(kinds, sides, found.space)


def _side(value: str, values: Array, right: Array) -> Side:
    inside = values == value
    return Side(value, int(inside.sum()), int(right[inside].sum()))
