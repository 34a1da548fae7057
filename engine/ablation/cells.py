"""Images that count the same: of one class, one group, and right or wrong before. No torch."""

import numpy as np

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Outcome


class Cells:
    """All outcomes of which images are right follow from how many of each cell are.

    Args:
        cache: Labels and groups of n images; those set aside are left out.
        before: (n,), whether the classifier is right.
    """

    def __init__(self, cache: FeatureCache, before: Array) -> None:
        labels = cache.labels
        groups = np.full(len(labels), -1) if cache.groups is None else cache.groups
        counted = np.flatnonzero(labels >= 0)
        order = np.lexsort((before[counted], groups[counted], labels[counted]))
        self.rows = counted[order]
        """(m,), the images that count, cell by cell."""
        keys = np.stack([labels, groups, before])[:, self.rows]
        new = np.ones(keys.shape[1], dtype=bool)
        new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        self._first = np.flatnonzero(new)
        self._label, self._group, was_right = keys[:, self._first]
        self._before = was_right.astype(bool)
        self._n = np.diff(np.append(self._first, len(self.rows)))
        self._known = self._group >= 0

    @property
    def count(self) -> int:
        """How many cells there are."""
        return len(self._first)

    def starts(self, block: slice) -> tuple[int, Array]:
        """Return the first cell of a block of `rows`, and where in the block each cell begins."""
        stop = min(block.stop, len(self.rows))
        first = int(np.searchsorted(self._first, block.start, side="right")) - 1
        last = int(np.searchsorted(self._first, stop))
        return first, np.maximum(self._first[first:last] - block.start, 0)

    def outcome(self, hits: Array, class_index: int) -> Outcome:
        """Summarise how many images (cells,) are right, as `engine.evaluation.scores.outcome`."""
        accuracy = _shares(self._label, self._n, hits)
        target = accuracy.get(class_index)
        groups = _shares(self._group[self._known], self._n[self._known], hits[self._known])
        return Outcome(
            overall=float(hits.sum() / len(self.rows)),
            target=target,
            worst_class=min(accuracy.values()),
            worst_group=min(groups.values(), default=None),
        )

    def changed(self, hits: Array) -> tuple[int, int]:
        """Return how many images were fixed, and how many broken."""
        was = self._before
        return int(hits[~was].sum()), int((self._n[was] - hits[was]).sum())

    def net_cost(self, hits: Array, class_index: int) -> int:
        """Return how many images of all other classes break, net."""
        others = self._label != class_index
        return int(self._n[others & self._before].sum() - hits[others].sum())


def _shares(keys: Array, n: Array, hits: Array) -> dict[int, float]:
    """Return by key the share of its images that are right."""
    present, of = np.unique(keys, return_inverse=True)
    shares = np.bincount(of, weights=hits) / np.bincount(of, weights=n)
    return dict(zip(present.tolist(), shares.tolist(), strict=True))
