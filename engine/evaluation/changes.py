"""What changed between two sets of predictions, class by class and image by image. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import ClassChange, Label, Moved


def class_changes(
    cache: FeatureCache, before: Array, after: Array, rows: Array | None = None
) -> tuple[tuple[ClassChange, ...], tuple[ClassChange, ...] | None]:
    """Return the changes of every class that has images, and of every group; None without groups.

    Args:
        cache: Of the split.
        before: (m,), whether each image was predicted correctly.
        after: (m,), whether it is now.
        rows: (m,), the images' rows in the split; None for all of them.
    """
    selected = slice(None) if rows is None else rows
    labels = cache.labels[selected]
    counts = labels >= 0  # else it is set aside
    classes = _changes(labels[counts], cache.classes, before[counts], after[counts])
    groups = None
    if cache.groups is not None:
        numbers = cache.groups[selected]
        known = numbers >= 0
        groups = _changes(numbers[known], cache.groups_named, before[known], after[known])
    return classes, groups


def _changes(
    labels: Array, names: Sequence[str], before: Array, after: Array
) -> tuple[ClassChange, ...]:
    n = np.bincount(labels, minlength=len(names))
    sums = [
        np.bincount(labels, weights=flags, minlength=len(names))
        for flags in (before, after, after & ~before, before & ~after)
    ]
    return tuple(
        ClassChange(
            index=index,
            name=name,
            n=int(n[index]),
            before=float(sums[0][index] / n[index]),
            after=float(sums[1][index] / n[index]),
            fixed=int(sums[2][index]),
            broken=int(sums[3][index]),
        )
        for index, name in enumerate(names)
        if n[index]
    )


def moved(cache: FeatureCache, rows: Array, after: Array) -> tuple[Moved, ...]:
    """Describe the images of `rows` (m,), which are now predicted as `after` (m,)."""
    return tuple(
        Moved(
            path=cache.path(row),
            true=_label(cache, cache.labels[row]),
            before=_label(cache, cache.predicted[row]),
            after=_label(cache, predicted),
        )
        for row, predicted in zip(rows.tolist(), after.tolist(), strict=True)
    )


def _label(cache: FeatureCache, index: int) -> Label:
    return Label(int(index), cache.classes[int(index)])
