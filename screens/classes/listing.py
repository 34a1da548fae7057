"""The classes of a split in every order they can be shown in. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from engine.schema.records import Classes, ClassScore, GroupScore

SORTS = {
    "accuracy": "by accuracy",
    "mistakes": "by mistakes",
    "n": "by n",
    "name": "by name",
    "gain": "by gain",
}
"""How the classes can be sorted, and what that is called."""


def mistakes_of(score: ClassScore | GroupScore) -> int:
    """Count the images not predicted as their class."""
    return score.n - score.correct


class Listing:
    """The classes, sorted in all orders at once, so that a key press does not wait.

    Args:
        scores: The classifier on the split.
        after: The same with the applied edit's head.
    """

    def __init__(self, scores: Classes, after: Classes | None = None) -> None:
        self.scores, self.after = scores, after
        classes, groups = scores.classes, scores.groups or ()
        self._folded = [entry.name.casefold() for entry in classes]
        keys: dict[str, Callable[[int], Any]] = {
            "accuracy": lambda k: (_or(classes[k].accuracy, 2.0), k),
            "mistakes": lambda k: (-mistakes_of(classes[k]), k),
            "n": lambda k: (-classes[k].n, k),
            "name": lambda k: self._folded[k],
        }
        if after is not None:
            keys["gain"] = lambda k: (-_or(self.gain(k), -2.0), k)
        self._orders = {name: sorted(range(len(classes)), key=key) for name, key in keys.items()}
        self.group_order: Sequence[int] = sorted(
            range(len(groups)), key=lambda g: (_or(groups[g].accuracy, 2.0), g)
        )
        """The groups by index, worst first."""
        counts = [mistakes_of(entry) for entry in classes]
        self.mistakes = sum(counts), sum(count > 0 for count in counts)
        """The number of mistakes, and of classes with any."""

    @property
    def sorts(self) -> list[str]:
        """The available orders."""
        return list(self._orders)

    def matching(self, sort: str, text: str) -> Sequence[int]:
        """Return the classes whose names contain `text`, in an order."""
        order, text = self._orders[sort], text.strip().casefold()
        return [k for k in order if text in self._folded[k]] if text else order

    @property
    def worst(self) -> ClassScore | None:
        """The class with the lowest accuracy; None before any image is evaluated."""
        entry = self.scores.classes[self._orders["accuracy"][0]]
        return entry if entry.n else None

    @property
    def worst_group(self) -> GroupScore | None:
        """The group with the lowest accuracy, where there are groups."""
        groups = self.scores.groups
        return groups[self.group_order[0]] if groups and self.scores.n else None

    def gain(self, index: int) -> float | None:
        """Return by how much the applied edit changes a class's accuracy."""
        if self.after is None:
            return None
        return _difference(self.after.classes[index].accuracy, self.scores.classes[index].accuracy)

    def group_gain(self, index: int) -> float | None:
        """Return by how much the applied edit changes a group's accuracy."""
        groups = self.scores.groups
        if self.after is None or self.after.groups is None or groups is None:
            return None
        return _difference(self.after.groups[index].accuracy, groups[index].accuracy)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
