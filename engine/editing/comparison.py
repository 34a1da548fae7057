"""Predictions of an edit and its controls -> figures, differences with intervals, a verdict.

Everything here reads held-out images only, which selected nothing. No torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from engine.editing.heads import EDIT, ORIGINAL, RETRAIN, SHIFT
from engine.evaluation.scores import outcome
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.edits import Difference, Estimate, Variant
from engine.schema.records import Outcome

RESAMPLES = 2000


@dataclass(frozen=True)
class HeldOutPredictions:
    """The held-out images and every variant's predictions of them.

    Args:
        cache: Of the reporting split.
        rows: (n,) its reporting rows.
        classes: The edited classes.
        predicted: By arm, (seeds, n) predictions; one row for an arm without chance in it.
    """

    cache: FeatureCache
    rows: Array
    classes: Sequence[int]
    predicted: Mapping[str, Array]

    @cached_property
    def labels(self) -> Array:
        """(n,)."""
        return self.cache.labels[self.rows]

    @cached_property
    def groups(self) -> Array | None:
        """(n,), -1 for an image of none; None where there are no groups."""
        return None if self.cache.groups is None else self.cache.groups[self.rows]

    @cached_property
    def original(self) -> Array:
        """(n,), the unedited head's predictions."""
        return np.asarray(self.predicted[ORIGINAL][0])

    def right(self, variant: str) -> Array:
        """Return (seeds, n): whether a variant is right."""
        return self.predicted[variant] == self.labels

    def outcomes(self, variant: str) -> list[Outcome]:
        """Return a variant's outcome, seed by seed."""
        return [outcome(self.cache, some, self.classes, self.rows) for some in self.right(variant)]

    def worst_own_groups(self, variant: str) -> list[float]:
        """Return a variant's worst group by the data's own groups, seed by seed.

        Empty where these are the groups anyway, and where the data has none.
        """
        if self.cache.overlay is None:
            return []
        own, right = self.cache.under_own_groups, self.right(variant)
        found = [outcome(own, some, self.classes, self.rows).worst_group for some in right]
        return [worst for worst in found if worst is not None]


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean over seeds and its 95% interval (Student's t); none from one seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    t = float(stdtrit(len(values) - 1, 0.975))
    half = t * float(np.std(values, ddof=1)) / sqrt(len(values))
    return Estimate(mean, mean - half, mean + half)


def describe(predictions: HeldOutPredictions, name: str) -> Variant:
    """Summarise one variant over its seeds."""
    found = predictions.outcomes(name)
    before = predictions.original == predictions.labels
    right = predictions.right(name)
    targets = [o.target for o in found if o.target is not None]
    groups = [o.worst_group for o in found if o.worst_group is not None]
    own_groups = predictions.worst_own_groups(name)
    return Variant(
        name=name,
        overall=estimate([o.overall for o in found]),
        target=estimate(targets) if targets else None,
        worst_class=estimate([o.worst_class for o in found if o.worst_class is not None]),
        worst_group=estimate(groups) if groups else None,
        worst_own_group=estimate(own_groups) if own_groups else None,
        fixed=float((right & ~before).sum(axis=1).mean()),
        broken=float((before & ~right).sum(axis=1).mean()),
    )


def compare(predictions: HeldOutPredictions, control: str, seed: int) -> Difference:
    """Return the edit minus a control, with a paired bootstrap over images.

    Images are drawn again within their class (and within their group for the worst group), the
    same ones for both arms; accuracies are means over each arm's seeds.
    """
    edit, other = predictions.right(EDIT).astype(float), predictions.right(control).astype(float)
    generator = np.random.default_rng((11, seed))
    points, lo, hi = _resampled_target(predictions, edit, other, generator)
    others = ~np.isin(predictions.labels, predictions.classes)
    cost = float(edit[:, others].mean() - other[:, others].mean()) if others.any() else 0.0
    group: tuple[float | None, float | None, float | None] = (None, None, None)
    if (groups := predictions.groups) is not None and (groups >= 0).any():
        group = _resampled_worst_group(groups, (edit, other), generator)
    return Difference(
        control=control,
        points=points, lo=lo, hi=hi,
        cost_points=cost,
        group_points=group[0], group_lo=group[1], group_hi=group[2],
    )  # fmt: skip


def _resampled_target(
    predictions: HeldOutPredictions, edit: Array, other: Array, generator: np.random.Generator
) -> tuple[float, float, float]:
    gap = edit.mean(axis=0) - other.mean(axis=0)  # (n,)
    exact, drawn = [], np.zeros(RESAMPLES)
    members = [np.flatnonzero(predictions.labels == k) for k in predictions.classes]
    members = [some for some in members if len(some)]
    for some in members:
        exact.append(gap[some].mean())
        drawn += _weights(len(some), generator) @ gap[some] / len(members)
    lo, hi = np.percentile(drawn, (2.5, 97.5))
    return float(np.mean(exact)) if exact else 0.0, float(lo), float(hi)


def _resampled_worst_group(
    groups: Array, variants: tuple[Array, Array], generator: np.random.Generator
) -> tuple[float, float, float]:
    present = np.unique(groups[groups >= 0])
    exact = [
        np.stack([variant[:, groups == g].mean(axis=1) for g in present]) for variant in variants
    ]
    drawn = [np.ones((RESAMPLES, len(variant))) for variant in variants]
    for g in present:
        inside = np.flatnonzero(groups == g)
        weights = _weights(len(inside), generator)
        for side, variant in enumerate(variants):
            drawn[side] = np.minimum(drawn[side], weights @ variant[:, inside].T)
    worst = [some.min(axis=0).mean() for some in exact]
    lo, hi = np.percentile(drawn[0].mean(axis=1) - drawn[1].mean(axis=1), (2.5, 97.5))
    return float(worst[0] - worst[1]), float(lo), float(hi)


def _weights(n: int, generator: np.random.Generator) -> Array:
    """Return (RESAMPLES, n) bootstrap weights, each row summing to 1."""
    return generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float32) / n


def verdict(
    predictions: HeldOutPredictions, variants: Sequence[Variant], differences: Sequence[Difference]
) -> str:
    """Say in one plain sentence what the edit is worth beside its controls.

    A control counts as beaten when the lower end of the interval of the difference lies above 0.
    """
    by_name = {variant.name: variant for variant in variants}
    edit, original = by_name[EDIT], by_name[ORIGINAL]
    grouped = edit.worst_group is not None
    what = "worst group" if grouped else _named(predictions)
    n = f" ({_counted(predictions, grouped=grouped)})"
    if edit.fixed == edit.broken == 0:
        return f"The edit changes no image{n}."
    balance = f"fixes {_images(edit.fixed)} and breaks {_images(edit.broken)}"
    before, after = _measured(original, grouped=grouped), _measured(edit, grouped=grouped)
    gains = {d.control: _gain(d, grouped=grouped) for d in differences}
    retrained = _retraining(
        by_name.get(RETRAIN), gains.get(RETRAIN), (before, after), what, grouped
    )
    beside = f" {retrained}." if retrained else ""
    if after <= before:
        return (
            f"No gain: {what} goes from {before:.1%} to {after:.1%}{n}; the edit {balance}.{beside}"
        )
    unbeaten = [name for name, (_, lo, _) in gains.items() if lo <= 0 and name != RETRAIN]
    if unbeaten:
        name = SHIFT if SHIFT in unbeaten else unbeaten[0]
        points, lo, hi = gains[name]
        told = "shifting one bias" if name == SHIFT else f"its control, {name}"
        return (
            f"No better than {told}: {what} goes from {before:.1%} to {after:.1%}{n}, "
            f"{_points(points, lo, hi)} against it; the edit {balance}.{beside}"
        )
    if retrained:
        points, lo, hi = gains[RETRAIN]
        return (
            f"{retrained}{n}, {_points(points, lo, hi)} for the edit, which takes it from "
            f"{before:.1%} to {after:.1%}, {balance}."
        )
    closest = min(gains, key=lambda name: gains[name][0])
    points, lo, hi = gains[closest]
    return (
        f"{100 * points:.1f} points over every control: {what} goes from {before:.1%} to "
        f"{after:.1%}{n}, {_points(points, lo, hi)} against the closest, {closest}; "
        f"the edit {balance}."
    )


def _retraining(
    control: Variant | None,
    gain: tuple[float, float, float] | None,
    edit: tuple[float, float],
    what: str,
    grouped: bool,
) -> str:
    """Say that plain retraining does as well or better; nothing where the edit beats it.

    Nor is anything said where it gains nothing itself and the edit does not either.

    Args:
        control: The retrained decision layer on the held-out images.
        gain: The edit's points over it, and their interval.
        edit: The measure before the edit and after it.
        what: The measure's name.
        grouped: Whether it is the worst group.
    """
    if control is None or gain is None or gain[1] > 0:
        return ""
    reached = _measured(control, grouped=grouped)
    before, after = edit
    if reached <= before and after <= before:
        return ""
    how = "better" if gain[2] < 0 else "as well"
    return f"Plain retraining on the same images does {how}: {reached:.1%} to {after:.1%} {what}"


def retraining_reaches(variants: Sequence[Variant]) -> str:
    """Say what plain retraining reaches on the same images; empty where it is no control."""
    control = next((some for some in variants if some.name == RETRAIN), None)
    if control is None:
        return ""
    grouped = control.worst_group is not None
    what = "worst group" if grouped else "in the class" if control.target else "overall"
    reached = _measured(control, grouped=grouped)
    return f"Plain retraining on the same images reaches {reached:.1%} {what}."


def _images(count: float) -> str:
    return f"{count:.3g} image" if count == 1 else f"{count:.3g} images"


def _measured(variant: Variant, *, grouped: bool) -> float:
    some = variant.worst_group if grouped else variant.target
    return (some or variant.overall).mean


def _gain(some: Difference, *, grouped: bool) -> tuple[float, float, float]:
    if grouped and some.group_points is not None:
        return some.group_points, some.group_lo or 0.0, some.group_hi or 0.0
    return some.points, some.lo, some.hi


def _points(points: float, lo: float, hi: float) -> str:
    return f"{100 * points:+.1f} points [{100 * lo:+.1f}, {100 * hi:+.1f}]"


def _named(predictions: HeldOutPredictions) -> str:
    if len(predictions.classes) == 1:
        return predictions.cache.classes[predictions.classes[0]]
    return f"the mean of {len(predictions.classes)} classes"


def _counted(predictions: HeldOutPredictions, *, grouped: bool) -> str:
    if grouped and (groups := predictions.groups) is not None:
        smallest = np.bincount(groups[groups >= 0])
        return f"smallest group n {smallest[smallest > 0].min()}"
    return f"n {int(np.isin(predictions.labels, predictions.classes).sum())}"
