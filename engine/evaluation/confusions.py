"""The confusion matrix of the worst classes, from a feature cache. No torch.

Source: docs/concepts.md, accuracy by class.
"""

import numpy as np

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import ConfusionMatrix, Label

WORST = 12
"""Classes in the matrix."""


def confusion_matrix(cache: FeatureCache, most: int = WORST) -> ConfusionMatrix:
    """Count the predictions of the classes with most mistakes, and of what they are taken for.

    Class by class, most mistakes first, each is followed by the class that its mistakes are most
    often predicted as, until there are `most`; of equals, the lower index comes first. Images that
    are set aside are in no count.

    Args:
        cache: The feature cache of the split.
        most: The most classes in the matrix.
    """
    labels, predicted = cache.labels[cache.counted], cache.predicted[cache.counted]
    chosen = _chosen(labels, predicted, len(cache.classes), most)
    place = np.full(len(cache.classes), -1)
    place[chosen] = np.arange(len(chosen))
    inside = (place[labels] >= 0) & (place[predicted] >= 0)
    counts = np.zeros((len(chosen), len(chosen)), dtype=np.int64)
    np.add.at(counts, (place[labels[inside]], place[predicted[inside]]), 1)
    n = np.bincount(labels, minlength=len(cache.classes))[chosen]
    return ConfusionMatrix(
        classes=tuple(Label(k, cache.classes[k]) for k in chosen),
        n=tuple(n.tolist()),
        counts=tuple(tuple(row) for row in counts.tolist()),
    )


def _chosen(labels: Array, predicted: Array, classes: int, most: int) -> list[int]:
    """Return the classes of the matrix, in its order."""
    wrong = labels != predicted
    pairs, counts = np.unique(labels[wrong] * classes + predicted[wrong], return_counts=True)
    top: dict[int, int] = {}
    mistakes: dict[int, int] = {}
    for pair in np.lexsort((pairs, -counts)).tolist():
        true, other = divmod(int(pairs[pair]), classes)
        top.setdefault(true, other)
        mistakes[true] = mistakes.get(true, 0) + int(counts[pair])
    chosen: list[int] = []
    for true in sorted(mistakes, key=lambda k: (-mistakes[k], k)):
        chosen += [k for k in (true, top[true]) if k not in chosen]
        if len(chosen) >= most:
            break
    return chosen[:most]
