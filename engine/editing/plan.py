"""An edit's plan: its halves, classes, neurons, rows and targets. No torch."""

from dataclasses import dataclass, replace

import numpy as np

from engine.ablation.baselines import placebo
from engine.schema.arrays import Array
from engine.schema.requests import EditRequest


@dataclass(frozen=True)
class Recipe:
    """How heads train: the published constants, or the request's own.

    Source: docs/concepts.md, edits.
    """

    strength: float
    """lambda, the weight of the ratio term."""
    target: float | None
    """o; None: from the neurons' importance, class by class."""
    lr: float
    batch_size: int
    weight_decay: float = 0.0
    scheduled: bool = True
    """Warm-up over 5% and ramp-down over 25% of the whole run."""
    by_groups: bool = False
    """The bird version: one ratio averaged over the batch and all classes."""
    every_class: bool = False
    """The ratio of every affected class, not only of the edited one."""


@dataclass(frozen=True)
class Aim:
    """A class to edit: its neurons, most blamed first, and the rows of W that may change."""

    class_index: int
    neurons: Array
    rows: Array
    target: float
    signs: Array
    """(D,), the signs of W[k] - W[o] that a placebo must share."""

    def first(self, count: int) -> "Aim":
        """Return the same with the first `count` neurons only."""
        return replace(self, neurons=self.neurons[:count])

    def random(self, generator: np.random.Generator) -> "Aim":
        """Return the same with random neurons of the same signs: the placebo."""
        return replace(self, neurons=placebo(self.neurons, self.signs, generator))


@dataclass(frozen=True)
class Plan:
    """What an edit is about. Rows are of the evaluation split's feature cache."""

    request: EditRequest
    recipe: Recipe
    aims: tuple[Aim, ...]
    selection: Array
    held_out: Array | None
    """None: all of the test split."""
    sizes: tuple[int, ...]
    """Candidates for the number of neurons; one where it is settled."""
    notes: tuple[str, ...]

    @property
    def classes(self) -> list[int]:
        """The edited classes."""
        return [aim.class_index for aim in self.aims]

    @property
    def touched(self) -> Array:
        """The rows of W that may change."""
        return np.unique(np.concatenate([aim.rows for aim in self.aims]))

    def placebos(self, size: int) -> list[tuple[Aim, ...]]:
        """Return random aims of the same signs, a tuple a seed."""
        first = [aim.first(size) for aim in self.aims]
        seeds = range(self.request.seed, self.request.seed + self.request.seeds)
        generators = [np.random.default_rng((7, seed)) for seed in seeds]
        return [tuple(aim.random(generator) for aim in first) for generator in generators]
