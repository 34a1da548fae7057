"""Ablation previews of one class, answered while a key is held: what does not change is cached."""

import time
from dataclasses import dataclass

import numpy as np

from engine.ablation.ablation import AblationContext, Scaling, columns
from engine.ablation.baselines import blame_signs, placebo
from engine.ablation.curve import PLACEBOS, curve
from engine.attribution.evidence import gather
from engine.attribution.query import affected_classes
from engine.attribution.ranking import order
from engine.attribution.rankings import RANKINGS
from engine.evaluation.scores import mean_outcome
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import AblationPreview, CurvePoint, Outcome
from engine.schema.requests import Rows

BLOCK = 64
"""Columns read at once, at least: reading one of a mapped feature cache costs nearly what 64 do."""


@dataclass(frozen=True)
class Question:
    """Which neurons, scaled how, in which rows of W."""

    picked: tuple[int, ...] | None = None
    """The neurons themselves; None: the first `top` of the order."""
    top: int = 1
    by: str = "contrast"
    scale: float = 0.0
    rows: Rows = "affected"

    @property
    def line(self) -> tuple[str, float, Rows]:
        """What a curve over N depends on."""
        return self.by, self.scale, self.rows


@dataclass(frozen=True)
class Answer:
    """An answer, to what, and how long it took."""

    question: Question
    whatif: AblationPreview
    seconds: float


class InteractiveAblation:
    """Answers any question about a class.

    Args:
        cache: The feature cache of the split.
        class_index: The class.

    Raises:
        RequestError: The class has no mistakes.
    """

    def __init__(self, cache: FeatureCache, class_index: int) -> None:
        self.cache, self.class_index = cache, class_index
        self._evidence = gather(cache, class_index)
        self._orders: dict[str, Array] = {}
        self._context: dict[Rows, AblationContext] = {}
        self._ahead: tuple[str, Array] | None = None
        self._picked: tuple[tuple[int, ...], Array] | None = None
        self.rankings = tuple(
            by for by in RANKINGS.names() if RANKINGS.get(by).applies(self._evidence)
        )
        """The rankings that say something here: that by groups needs groups."""
        for by in self.rankings:
            self.order(by)
        self.context("affected")

    @property
    def mistakes(self) -> int:
        """How many mistakes the class has."""
        return len(self._evidence.up)

    def order(self, by: str) -> Array:
        """Return the neurons, most blamed first."""
        if by not in self._orders:
            self._orders[by] = order(self._evidence, by)
        return self._orders[by]

    def context(self, rows: Rows) -> AblationContext:
        """Return what all answers about some rows share."""
        if rows not in self._context:
            touched = affected_classes(self.cache, self.class_index, rows)
            self._context[rows] = AblationContext.of(self.cache, self.class_index, touched)
        return self._context[rows]

    def neurons(self, question: Question) -> Array:
        """Return the neurons a question is about."""
        if question.picked is not None:
            return np.array(question.picked, dtype=np.int64)
        return self.order(question.by)[: question.top]

    def answer(self, question: Question) -> Answer:
        """Answer as `whatif` does, to the bit: the same products of the same columns."""
        begun = time.perf_counter()
        neurons = self.neurons(question)
        features = self._features(question, neurons)
        found = self.context(question.rows).answer(neurons, features, question.scale)
        return Answer(question, found, time.perf_counter() - begun)

    def random(self, question: Question) -> Outcome:
        """Return what as many random neurons would do, the mean of those the curve draws."""
        context, signs = self.context(question.rows), self._signs()
        generator = np.random.default_rng(0)
        drawn = [placebo(self.neurons(question), signs, generator) for _ in range(PLACEBOS)]
        return mean_outcome([
            context.outcome(context.predict(some, columns(self.cache, some), question.scale))
            for some in drawn
        ])  # fmt: skip

    def curve(self, by: str, scale: float, rows: Rows) -> tuple[CurvePoint, ...]:
        """Answer for every N of an order."""
        scaling = Scaling(self.class_index, self.context(rows).rows, scale)
        return curve(self.cache, self.order(by), scaling, self._signs(), seed=0)

    def _signs(self) -> Array:
        evidence = self._evidence
        return blame_signs(evidence.head[0], self.class_index, evidence.others)

    def _features(self, question: Question, neurons: Array) -> Array:
        """Return (n, S), read from the feature cache only where it was not before."""
        if question.picked is None:
            return self._first(question.by, len(neurons))
        wanted, kept = question.picked, self._picked
        if kept is None or not set(wanted) <= set(kept[0]):
            # (S, n), so that any choice of neurons is a choice of whole rows
            kept = self._picked = (wanted, np.ascontiguousarray(columns(self.cache, neurons).T))
        places = [kept[0].index(neuron) for neuron in wanted]
        return kept[1][places].T

    def _first(self, by: str, count: int) -> Array:
        kept = self._ahead
        have = len(kept[1]) if kept is not None and kept[0] == by else 0
        if kept is None or kept[0] != by or have < count:
            ranked = self.order(by)
            fresh = ranked[have : max(count, 2 * have, BLOCK)]
            read = np.ascontiguousarray(columns(self.cache, fresh).T)
            if kept is not None and have:
                read = np.concatenate([kept[1], read])
            kept = self._ahead = (by, read)
        return kept[1][:count].T
