"""Decision layers: what an edit changes, applied to cached features. No torch."""

from dataclasses import dataclass, field

import numpy as np

from engine.editing.plan import Aim
from engine.evaluation.calibration import top_probability
from engine.features.cache import FeatureCache
from engine.features.parts import in_parts
from engine.schema.arrays import Array

ORIGINAL, EDIT = "original", "edit"
LAMBDA_0, PLACEBO, RETRAIN, SHIFT = "lambda 0", "placebo", "retrain", "bias shift"
"""The variants of an experiment: the first two, and the controls. The no-penalty control, lambda 0,
is the same fit (training, or for `zero` the refit of the biases) without the edit's own term; the
placebo, or random-neuron control, is the edit with random neurons; `retrain` is the decision layer
retrained on the selection images, which every edit reads too."""


@dataclass(frozen=True)
class Head:
    """A linear decision layer, z = W f + b: weight (C, D), bias (C,), float32."""

    weight: Array
    bias: Array

    @classmethod
    def of(cls, cache: FeatureCache) -> "Head":
        """Return the classifier's own."""
        return cls(
            np.array(cache.weight, dtype=np.float32),
            np.array(cache.bias, dtype=np.float32),
        )

    def logits(self, features: Array) -> Array:
        """Return (n, C) for features (n, D)."""
        return np.asarray(features, dtype=np.float32) @ self.weight.T + self.bias

    def confidence(self, cache: FeatureCache, rows: Array) -> Array:
        """Return (n,) probabilities of the predictions for some rows, a bounded part at a time."""
        parts = [
            top_probability(self.logits(features))
            for _, features in in_parts(cache.features, rows, np.float32)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def predict(self, cache: FeatureCache, rows: Array) -> Array:
        """Return (n,) predictions for some rows of a feature cache, a bounded part at a time."""
        parts = [
            self.logits(features).argmax(axis=1)
            for _, features in in_parts(cache.features, rows, np.float32)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Edited:
    """Every variant's heads: one a seed, or one alone where nothing is random."""

    variants: dict[str, list[Head]]
    size: int
    """Neurons a class."""
    saved: int = 0
    """The seed whose edit did best on the selection images."""
    notes: tuple[str, ...] = ()
    """What else there is to say of the edit, in sentences."""
    aims: tuple[Aim, ...] = ()
    """Whose neurons, where the edit chose among several orders of them; else those of the plan."""
    chosen: str | None = None
    """The method that made it, where one was chosen among several."""
    tried: dict[str, float] = field(default_factory=dict)
    """By method, what it was chosen by, 0 to 1."""
