"""What an edit method says of itself, and what it is given to fit.

Modules of methods import torch where they fit, not at their top: commands' help and the app's form
list the methods in processes that never load torch.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from engine.attribution.query import parse_top
from engine.attribution.rankings import DEFAULT as DEFAULT_RANKING
from engine.editing.heads import EDIT, LAMBDA_0, RETRAIN, SHIFT, Edited, Head
from engine.editing.plan import Recipe
from engine.editing.task import EditTask
from engine.schema.edits import EditEpoch
from engine.schema.records import Progress
from engine.schema.requests import EditRequest

if TYPE_CHECKING:
    from torch import Tensor

    from engine.editing.losses import HeadBatch

Need = Literal["neurons", "groups", "training"]
Fitting = Generator[Progress | EditEpoch, None, Edited]
FEW_NEURONS = "5"
"""As many as one mistake votes for."""


@dataclass(frozen=True)
class Option:
    """A number of a method's own: `--set NAME=VALUE`, and a field of the app's form."""

    name: str
    help: str
    default: float
    least: float
    largest: float


class EditMethod(Protocol):
    """A way of editing the decision layer; subclass it for the defaults.

    Its name is that of its file, or of its entry point in `neuroinspect_tui.edit_methods`.
    """

    title: str
    """A few words, such as `ablate, then refit the biases`."""
    help: str
    """One line: what it does."""
    needs: frozenset[Need] = frozenset()
    """`neurons` to edit, `groups` of the images, `training` features."""
    quick: bool = True
    """Whether it takes seconds on a CPU, so that it need not wait for the GPU."""
    options: tuple[str, ...] = ()
    """The fields of `EditRequest` that it uses, beside those of every method."""
    own_options: tuple[Option, ...] = ()
    controls: tuple[str, ...] = ()
    """The variants that `fit` returns beside the edit."""
    usual_controls: tuple[str, ...] = (RETRAIN, SHIFT)
    """Those that come with every method; plain retraining is none of its own."""

    decides: str = ""
    """What chooses its settings, in words, where that is not `--select`."""
    finds_groups: bool = False
    """Whether groups are found for it, without labels, where there are none."""

    def fit(self, task: EditTask) -> Fitting:
        """Yield progress; return every variant's heads, one a seed.

        Raises:
            RequestError: The method cannot be used here.
        """
        ...

    def recipe(self, request: EditRequest) -> Recipe:
        """Return how heads train, or what else of constants the method uses."""
        return settled(Recipe(0.01, 1.0, 1e-3, 128), request)

    def ranking(self, request: EditRequest) -> str:
        """Return the ranking that orders the neurons where the request names none."""
        del request
        return DEFAULT_RANKING

    def auto_top(self, request: EditRequest) -> str:
        """Return the number of neurons where the request leaves it open: N, N%, or in words."""
        del request
        return FEW_NEURONS

    def sizes(self, request: EditRequest, width: int, available: int) -> tuple[int, ...]:
        """Return the numbers of neurons a class to try, of `available` that have a rank."""
        if request.neurons:
            return (len(request.neurons),)
        top = self.auto_top(request) if request.top == "auto" else request.top
        return (min(parse_top(top, width), available),)


class TrainedMethod(EditMethod, Protocol):
    """An edit that trains heads on the training features; a subclass says its loss."""

    needs: frozenset[Need] = frozenset({"training"})
    quick: bool = False
    options: tuple[str, ...] = ("epochs", "lr", "batch_size", "views")
    controls: tuple[str, ...] = (LAMBDA_0,)

    def loss(self, batch: "HeadBatch") -> "Tensor":
        """Return the sum over seeds of one variant's loss; every head's gradient is its own."""
        ...

    def fit(self, task: EditTask) -> Fitting:
        """Train every variant and seed in one stack."""
        from engine.editing.trainer import train

        return (yield from train(task, self))


def rngs(task: EditTask) -> dict[int, np.random.Generator]:
    """Return a generator a seed, for what a method draws."""
    request = task.plan.request
    seeds = range(request.seed, request.seed + request.seeds)
    return {seed: np.random.default_rng((13, seed)) for seed in seeds}


def best_seed(task: EditTask, heads: list[Head], notes: tuple[str, ...] = ()) -> Edited:
    """Return an edit without controls of its own; saved is the best on the selection images."""
    rows = task.plan.selection
    scores = [task.scorer.score(head.predict(task.cache, rows)) for head in heads]
    return Edited({EDIT: heads}, 0, saved=scores.index(max(scores)), notes=notes)


def settled(usual: Recipe, request: EditRequest) -> Recipe:
    """Return a method's usual recipe with what the request says instead."""
    given = {name: getattr(request, name) for name in ("strength", "target", "lr", "batch_size")}
    return replace(usual, **{name: value for name, value in given.items() if value is not None})


def controls_of(method: EditMethod) -> tuple[str, ...]:
    """Return the names of all variants that an edit is compared with."""
    return (*method.controls, *method.usual_controls)
