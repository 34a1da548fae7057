"""The images of one class along a direction, cut in two at any of them. No torch."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from msgspec import structs

from engine.features.cache import FeatureCache
from engine.grouping.described import Described
from engine.grouping.finding import Found
from engine.grouping.sides import Side
from engine.schema.arrays import Array
from engine.schema.errors import RequestError


@dataclass(frozen=True)
class Ends:
    """Images that may be looked at, in the order of a direction."""

    found: Found
    """The rule, which divides this class."""
    class_index: int
    rows: Array
    """(m,) of the feature cache, those far above the threshold first."""
    along: Array
    """(m,), falling: where they lie on the direction."""
    right: Array
    """(m,), whether each is predicted correctly."""

    @cached_property
    def _right_before(self) -> Array:
        """(m + 1,): how many of the first images are right."""
        return np.concatenate([[0], np.cumsum(self.right)])

    @property
    def last(self) -> int:
        """The index of the last image above the rule's own threshold."""
        threshold = self.found.cuts[self.class_index][1]
        return int((self.along > threshold).sum()) - 1

    def threshold_after(self, last: int) -> float:
        """Return the threshold in the middle between an image and the next.

        Raises:
            RequestError: All images, or none, would be above it.
        """
        if not 0 <= last < len(self.rows) - 1 or self.along[0] == self.along[-1]:
            raise RequestError("All images would be on one side; cut between two images.")
        return float((self.along[last] + self.along[last + 1]) / 2)

    def sides(self, last: int) -> tuple[Side, Side]:
        """Count both sides of a cut after an image, which may be the last of all."""
        above, right = last + 1, int(self._right_before[last + 1])
        first, second = self.found.values
        rest = len(self.rows) - above
        return Side(first, above, right), Side(second, rest, int(self._right_before[-1]) - right)

    def cut_after(self, last: int) -> Found:
        """Return the rule with its threshold after an image.

        Images that lie at the same place cannot be parted: they stay together.

        Raises:
            RequestError: All images, or none, would be above it.
        """
        if last == self.last:
            return self.found
        threshold = self.threshold_after(last)
        if not self.along[last] > threshold:
            raise RequestError("The images here lie at one place, so no cut parts them; move on.")
        direction, _ = self.found.cuts[self.class_index]
        told = tuple(
            structs.replace(kind, stability=None, clearness=None) for kind in self.found.kinds
        )
        why = f"Cut by hand, after {last + 1} of {len(self.rows)} images."
        return replace(
            self.found, cuts={self.class_index: (direction, threshold)}, kinds=told, why=why
        )


def ends_of(
    found: Found, cache: FeatureCache, selection: Array, class_index: int, images: Described
) -> Ends:
    """Return the images of a class, along the direction by which it is divided.

    Args:
        found: The rule.
        cache: Of the evaluation split.
        selection: Its rows that may be looked at: a cut is chosen on no others.
        class_index: The class.
        images: What describes them, as those that the rule was found on.
    """
    direction, _ = found.cuts[class_index]
    rows = images.having(selection[cache.labels[selection] == class_index])
    parts = [
        (features - found.mean) / found.scale @ direction for _, features in images.parts(rows)
    ]
    along = np.concatenate(parts) if parts else np.zeros(0)
    order = np.argsort(-along, kind="stable")
    return Ends(
        found, class_index, rows[order], along[order], cache.predicted[rows[order]] == class_index
    )
