"""A group direction projected out of the decision layer (ours, for comparison)."""

from collections.abc import Iterator

import numpy as np

from engine.editing.heads import Head
from engine.editing.methods.base import EditMethod, Fitting, Need, best_seed, rngs
from engine.editing.task import EditTask
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.errors import RequestError

LABELLED = 5


class Direction(EditMethod):
    """Needs five labelled images a group.

    The direction is the first principal one of the differences between groups of one class; the
    biases are refitted on the selection images.
    """

    title = "group direction removed"
    help = "takes the direction between groups out of the weights; needs groups, five images each"
    needs: frozenset[Need] = frozenset({"groups"})

    def fit(self, task: EditTask) -> Fitting:
        """Fit once a seed, which draws the labelled images."""
        yield from ()
        return best_seed(task, [_fit(task, rng) for rng in rngs(task).values()])


def _fit(task: EditTask, rng: np.random.Generator) -> Head:
    from engine.editing.refit import Refit

    differences = np.stack(list(_differences(task.cache, task.plan.selection, rng)))
    unit = np.linalg.svd(differences, full_matrices=False)[2][0].astype(np.float32)
    start = Head.of(task.cache)
    weight = start.weight - np.outer(start.weight @ unit, unit)
    return Refit.on(task.cache, task.plan).biases(weight)[0]


def _differences(
    cache: FeatureCache, selection: Array, rng: np.random.Generator
) -> Iterator[Array]:
    assert cache.groups is not None  # asked for before
    selection = selection[cache.groups[selection] >= 0]
    labels, groups = cache.labels[selection], cache.groups[selection]
    found = False
    for k in np.unique(labels):
        means = []
        for g in np.unique(groups[labels == k]):
            inside = selection[(labels == k) & (groups == g)]
            few = rng.permutation(inside)[:LABELLED]
            means.append(np.asarray(cache.features[few], dtype=np.float64).mean(axis=0))
        for other in means[1:]:
            found = True
            yield other - means[0]
    if not found:
        raise RequestError("--method direction needs two groups within a class; there is none.")


KIND = Direction()
