"""Two sets of predictions -> what changed, class by class and image by image. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.features.cache import Bank
from engine.schema.arrays import Array
from engine.schema.records import ClassChange, Label, Moved


def class_changes(
    bank: Bank, before: Array, after: Array, rows: Array | None = None
) -> tuple[tuple[ClassChange, ...], tuple[ClassChange, ...] | None]:
    """Return changes per class (only those with images), and per group where there are.

    `before` and `after` say whether the images of `rows` (None: of all rows) are right.
    """
    seen = slice(None) if rows is None else rows
    classes = _changes(bank.labels[seen], bank.classes, before, after)
    groups = None
    if bank.groups is not None:
        groups = _changes(bank.groups[seen], bank.groups_named, before, after)
    return classes, groups


def _changes(
    labels: Array, names: Sequence[str], before: Array, after: Array
) -> tuple[ClassChange, ...]:
    n = np.bincount(labels, minlength=len(names))
    sums = [
        np.bincount(labels, weights=some, minlength=len(names))
        for some in (before, after, after & ~before, before & ~after)
    ]
    return tuple(
        ClassChange(
            index=index,
            name=name,
            n=int(n[index]),
            before=float(sums[0][index] / n[index]),
            after=float(sums[1][index] / n[index]),
            won=int(sums[2][index]),
            lost=int(sums[3][index]),
        )
        for index, name in enumerate(names)
        if n[index]
    )


def moved(bank: Bank, rows: Array, after: Array) -> tuple[Moved, ...]:
    """Describe the images in `rows` (m,), whose prediction is `after` (m,) now."""
    return tuple(
        Moved(
            path=bank.path(row),
            true=_label(bank, bank.labels[row]),
            before=_label(bank, bank.predicted[row]),
            after=_label(bank, now),
        )
        for row, now in zip(rows.tolist(), after.tolist(), strict=True)
    )


def _label(bank: Bank, index: int) -> Label:
    return Label(int(index), bank.classes[int(index)])
