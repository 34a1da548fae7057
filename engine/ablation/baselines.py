"""What an ablation is compared with: one shifted bias, and random neurons. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.schema.arrays import Array


class BiasShift:
    """Every outcome of adding one delta to the biases of some classes: the cheapest baseline.

    Images sorted by how much delta they need to be predicted as one of the classes; cumulative
    counts then answer any budget at once.
    """

    def __init__(self, logits: Array, labels: Array, classes: Sequence[int]) -> None:
        rows = np.arange(len(labels))
        inside = np.array(sorted(classes))
        logits = np.array(logits, dtype=np.float32)
        self._into = inside[logits[:, inside].argmax(axis=1)]
        best = logits[rows, self._into].copy()
        logits[:, inside] = -np.inf
        self._from = logits.argmax(axis=1)
        self._need = logits[rows, self._from] - best  # predicted inside when delta > need
        self._order = np.argsort(self._need, kind="stable")
        turned = (self._into == labels).astype(int) - (self._from == labels).astype(int)
        aimed = np.isin(labels, inside)[self._order]
        moved = turned[self._order]
        self._gain = np.concatenate([[0], np.cumsum(np.where(aimed, moved, 0))])
        self._cost = np.concatenate([[0], np.cumsum(np.where(aimed, 0, -moved))])
        self._start = int((self._need <= 0).sum())

    def delta(self, budget: float) -> float:
        """Return the delta >= 0 with the largest class gain losing at most `budget` other images.

        The loss is net, over the images of all other classes, against delta = 0.
        """
        extra = self._cost[self._start :] - self._cost[self._start]
        gain = np.where(extra <= max(budget, 0), self._gain[self._start :], -np.inf)
        turns = self._start + int(gain.argmax())
        if turns == self._start:
            return 0.0
        need = self._need[self._order]
        after = need[turns] if turns < len(need) else need[-1] + 1
        return float((need[turns - 1] + after) / 2)

    def predict(self, delta: float) -> Array:
        """Return (n,) predictions with `delta` added."""
        return np.where(self._need < delta, self._into, self._from) if delta else self.unshifted

    @property
    def unshifted(self) -> Array:
        """(n,) predictions with nothing added."""
        return np.where(self._need <= 0, self._into, self._from)


def net_cost(before: Array, after: Array, others: Array) -> int:
    """Return how many of the `others` images break, net, from `before` to `after` (right, n)."""
    return int((before & ~after & others).sum() - (~before & after & others).sum())


def placebo(neurons: Array, signs: Array, generator: np.random.Generator) -> Array:
    """Draw as many random neurons, each of the same sign (W[k] - W[o]) as the one it stands for.

    Where a sign runs out, the remainder comes from the other; without replacement throughout.
    """
    shuffled = generator.permutation(len(signs))
    pools = {sign: [j for j in shuffled.tolist() if signs[j] == sign] for sign in (-1, 1)}
    drawn = []
    for j in neurons.tolist():
        pool = pools[int(signs[j])] or pools[-int(signs[j])]
        drawn.append(pool.pop())
    return np.array(drawn, dtype=np.int64)


def blame_signs(weight: Array, class_index: int, others: Array) -> Array:
    """Return (D,) in {-1, 1}: whether a neuron weighs more for the class or for its confusions."""
    if len(others) == 0:
        return np.where(weight[class_index] >= 0, 1, -1)
    return np.where(weight[class_index] - weight[others].mean(axis=0) >= 0, 1, -1)
