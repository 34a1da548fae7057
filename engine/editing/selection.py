"""What "best on the selection images" means (`--select`). No torch."""

from dataclasses import dataclass

import numpy as np

from engine.evaluation.scores import outcome
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Outcome
from engine.schema.requests import Select


@dataclass(frozen=True)
class SelectionScorer:
    """Scores predictions on the selection images.

    Args:
        cache: Of the evaluation split.
        rows: (n,) its selection rows.
        classes: The edited classes.
        select: `accuracy` (published), `worst-class`, `worst-group`, or `mistake-aware`: the mean
            over edited class x originally right or wrong, and all other images originally right.
            Mistakes then weigh as much as the rest although they are few, without group labels.
            (The mean, not the worst: the worst is best when half of each is wrong.)
    """

    cache: FeatureCache
    rows: Array
    classes: tuple[int, ...]
    select: Select

    def outcome(self, predicted: Array) -> Outcome:
        """Summarise predictions (n,)."""
        return outcome(self.cache, self._right(predicted), self.classes, self.rows)

    def score(self, predicted: Array) -> tuple[float, float]:
        """Return (the criterion, overall accuracy), larger is better; the second breaks ties."""
        right = self._right(predicted)
        found = outcome(self.cache, right, self.classes, self.rows)
        if self.select == "mistake-aware":
            chosen: float | None = self._mistake_aware(right)
        else:
            chosen = {
                "accuracy": found.overall,
                "worst-class": found.worst_class,
                "worst-group": found.worst_group,
            }[self.select]
        return (found.overall if chosen is None else chosen), found.overall

    def _right(self, predicted: Array) -> Array:
        return np.asarray(predicted == self.cache.labels[self.rows])

    @property
    def kinds(self) -> list[Array]:
        """What `mistake-aware` weighs the same, each (n,): right images and mistakes of a class."""
        labels = self.cache.labels[self.rows]
        was_right = self.cache.predicted[self.rows] == labels
        kinds = [
            (labels == k) & (was_right == kind) for k in self.classes for kind in (True, False)
        ]
        return [*kinds, ~np.isin(labels, self.classes) & was_right]

    def _mistake_aware(self, right: Array) -> float:
        return float(np.mean([right[kind].mean() for kind in self.kinds if kind.any()]))
