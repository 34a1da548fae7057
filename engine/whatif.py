"""Bank + neurons -> class accuracies if those neurons were scaled, untrained. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.bank import Array, Bank
from engine.evaluate import outcome
from engine.records import ClassChange, CurvePoint, Label, Moved, Outcome, WhatIf

CURVE_POINTS = 200
PLACEBOS = 5


@dataclass(frozen=True)
class Scaling:
    """Scale W[r, S] by `scale` for `rows` r: the class concerned and what it is taken for."""

    class_index: int
    rows: Array
    scale: float = 0.0


def shifted_logits(bank: Bank, neurons: Array, scaling: Scaling) -> Array:
    """Return (n, R): the logits of `scaling.rows` once `neurons` are scaled."""
    weight = np.asarray(bank.weight[scaling.rows][:, neurons])  # (R, S)
    part = np.asarray(bank.features[:, neurons], dtype=np.float32) @ weight.T
    return bank.logits[:, scaling.rows] - (1 - scaling.scale) * part


@dataclass(frozen=True)
class Rest:
    """The best logit among the rows that stay, so that a what-if looks only at those that move."""

    value: Array
    index: Array

    @classmethod
    def of(cls, logits: Array, rows: Array) -> "Rest":
        """Find the best of all columns but `rows`."""
        masked = np.array(logits, dtype=np.float32)
        masked[:, rows] = -np.inf
        index = masked.argmax(axis=1)
        return cls(masked[np.arange(len(masked)), index], index)

    def predict(self, moved: Array, rows: Array) -> Array:
        """Return (n,) predictions when `rows` have the logits `moved` (n, R)."""
        best = moved.argmax(axis=1)
        value, index = moved[np.arange(len(moved)), best], rows[best]
        wins = (value > self.value) | ((value == self.value) & (index < self.index))
        return np.where(wins, index, self.index)


class BiasShift:
    """Every outcome of adding one delta to the biases of some classes: the cheapest rival.

    Images sorted by how much delta they need to be taken for one of the classes; cumulative
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
    """Return how many of the `others` images are lost, net, from `before` to `after` (right, n)."""
    return int((before & ~after & others).sum() - (~before & after & others).sum())


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


def what_if(bank: Bank, neurons: Array, scaling: Scaling) -> WhatIf:
    """Answer what scaling `neurons` would do to every class."""
    before = bank.predicted == bank.labels
    rest = Rest.of(bank.logits, scaling.rows)
    predicted = rest.predict(shifted_logits(bank, neurons, scaling), scaling.rows)
    after = predicted == bank.labels
    k = scaling.class_index
    rival = BiasShift(bank.logits, bank.labels, [k])
    shifted = rival.predict(rival.delta(net_cost(before, after, bank.labels != k)))
    classes, groups = class_changes(bank, before, after)
    won, lost = after & ~before, before & ~after
    return WhatIf(
        class_=_label(bank, k),
        neurons=tuple(neurons.tolist()),
        scale=scaling.scale,
        rows=tuple(scaling.rows.tolist()),
        before=outcome(bank, before, [k]),
        after=outcome(bank, after, [k]),
        classes=classes,
        groups=groups,
        won=moved(bank, np.flatnonzero(won), predicted[won]),
        lost=moved(bank, np.flatnonzero(lost), predicted[lost]),
        bias_shift=outcome(bank, shifted == bank.labels, [k]),
    )


def curve(
    bank: Bank, ranked: Array, scaling: Scaling, signs: Array, seed: int
) -> tuple[CurvePoint, ...]:
    """Answer for the top N of `ranked`, for some 200 N at once.

    Each step between two N costs one small product: the logits are carried along the order.

    Args:
        bank: The bank of the split.
        ranked: (D,) or fewer neurons, most blamed first.
        scaling: What is scaled for whom.
        signs: (D,) signs a placebo must share, position by position.
        seed: Draws the placebos.
    """
    sizes = np.unique(np.linspace(0, len(ranked), CURVE_POINTS + 1).round().astype(int))
    generator = np.random.default_rng(seed)
    rest = Rest.of(bank.logits, scaling.rows)
    edits = _along(bank, ranked, sizes, scaling, rest)
    placebos = [
        _along(bank, placebo(ranked, signs, generator), sizes, scaling, rest)
        for _ in range(PLACEBOS)
    ]
    k = scaling.class_index
    others = bank.labels != k
    before = bank.predicted == bank.labels
    rival = BiasShift(bank.logits, bank.labels, [k])
    points = []
    for place, n in enumerate(sizes.tolist()):
        right = edits[place] == bank.labels
        shifted = rival.predict(rival.delta(net_cost(before, right, others))) == bank.labels
        drawn = [outcome(bank, some[place] == bank.labels, [k]) for some in placebos]
        points.append(
            CurvePoint(
                n=n,
                edit=outcome(bank, right, [k]),
                won=int((right & ~before).sum()),
                lost=int((before & ~right).sum()),
                bias_shift=outcome(bank, shifted, [k]),
                placebo=mean_outcome(drawn),
            )
        )
    return tuple(points)


def _along(bank: Bank, ranked: Array, sizes: Array, scaling: Scaling, rest: Rest) -> list[Array]:
    features = np.asarray(bank.features[:, ranked], dtype=np.float32)
    weight = np.asarray(bank.weight[scaling.rows][:, ranked])  # (R, N)
    logits = np.array(bank.logits[:, scaling.rows], dtype=np.float32)
    found, at = [], 0
    for size in sizes.tolist():
        if size > at:
            logits -= (1 - scaling.scale) * (features[:, at:size] @ weight[:, at:size].T)
            at = size
        found.append(rest.predict(logits, scaling.rows))
    return found


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


def mean_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """Average outcomes field by field."""

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return Outcome(
        overall=float(np.mean([o.overall for o in outcomes])),
        target=mean([o.target for o in outcomes]),
        worst_class=mean([o.worst_class for o in outcomes]),
        worst_group=mean([o.worst_group for o in outcomes]),
    )


def blame_signs(weight: Array, class_index: int, others: Array) -> Array:
    """Return (D,) in {-1, 1}: whether neurons speak for the class or for what it is taken for."""
    if len(others) == 0:
        return np.where(weight[class_index] >= 0, 1, -1)
    return np.where(weight[class_index] - weight[others].mean(axis=0) >= 0, 1, -1)
