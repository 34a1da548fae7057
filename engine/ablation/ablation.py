"""Feature cache + neurons -> class accuracies if those neurons were scaled, untrained. No torch."""

from dataclasses import dataclass

import numpy as np

from engine.ablation.baselines import BiasShift, net_cost
from engine.evaluation.changes import class_changes, moved
from engine.evaluation.scores import outcome
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import AblationPreview, Label, Outcome


@dataclass(frozen=True)
class Scaling:
    """Scale W[r, S] by `scale` for `rows` r: the affected classes."""

    class_index: int
    rows: Array
    scale: float = 0.0


@dataclass(frozen=True)
class Rest:
    """The best logit of the rows that stay: a preview computes only those that change."""

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


@dataclass(frozen=True)
class AblationContext:
    """What all previews of a class and its affected rows of W share: computed once."""

    cache: FeatureCache
    class_index: int
    rows: Array
    """(R,), of W."""
    logits: Array
    """(n, R), before anything is scaled."""
    rest: Rest
    rival: BiasShift
    before: Array
    """(n,), whether the classifier is right."""

    @classmethod
    def of(cls, cache: FeatureCache, class_index: int, rows: Array) -> "AblationContext":
        """Look once at all logits."""
        return cls(
            cache=cache,
            class_index=class_index,
            rows=rows,
            logits=np.asarray(cache.logits[:, rows]),
            rest=Rest.of(cache.logits, rows),
            rival=BiasShift(cache.logits, cache.labels, [class_index]),
            before=cache.predicted == cache.labels,
        )

    def predict(self, neurons: Array, features: Array, scale: float) -> Array:
        """Return (n,) predictions with `neurons` scaled; `features` (n, S) are theirs."""
        weight = np.asarray(self.cache.weight[self.rows][:, neurons])  # (R, S)
        return self.rest.predict(self.logits - (1 - scale) * (features @ weight.T), self.rows)

    def outcome(self, predicted: Array) -> Outcome:
        """Summarise predictions (n,)."""
        return outcome(self.cache, predicted == self.cache.labels, [self.class_index])

    def shifted(self, right: Array) -> Outcome:
        """Summarise a bias shift that costs other classes what being `right` (n,) costs them."""
        budget = net_cost(self.before, right, self.cache.labels != self.class_index)
        return self.outcome(self.rival.predict(self.rival.delta(budget)))

    def answer(self, neurons: Array, features: Array, scale: float) -> AblationPreview:
        """Answer what scaling `neurons` would do; `features` (n, S) are theirs."""
        cache, before = self.cache, self.before
        predicted = self.predict(neurons, features, scale)
        after = predicted == cache.labels
        classes, groups = class_changes(cache, before, after)
        fixed, broken = after & ~before, before & ~after
        return AblationPreview(
            class_=Label(self.class_index, cache.classes[self.class_index]),
            neurons=tuple(neurons.tolist()),
            scale=scale,
            rows=tuple(self.rows.tolist()),
            before=self.outcome(cache.predicted),
            after=self.outcome(predicted),
            classes=classes,
            groups=groups,
            fixed=moved(cache, np.flatnonzero(fixed), predicted[fixed]),
            broken=moved(cache, np.flatnonzero(broken), predicted[broken]),
            bias_shift=self.shifted(after),
        )


def columns(cache: FeatureCache, neurons: Array) -> Array:
    """Return (n, S): the features of some neurons, each neuron's values side by side."""
    return np.asarray(cache.features[:, neurons], dtype=np.float32)


def preview(cache: FeatureCache, neurons: Array, scaling: Scaling) -> AblationPreview:
    """Answer what scaling `neurons` would do to every class."""
    context = AblationContext.of(cache, scaling.class_index, scaling.rows)
    return context.answer(neurons, columns(cache, neurons), scaling.scale)
