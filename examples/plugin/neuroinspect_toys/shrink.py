"""An edit that shrinks weights by a factor and fits nothing."""

from collections.abc import Sequence

import numpy as np

from engine.editing.heads import EDIT, PLACEBO, Edited, Head
from engine.editing.methods.base import EditMethod, Fitting, Need, Option
from engine.editing.plan import Aim
from engine.editing.task import EditTask
from engine.schema.records import Progress

FACTOR = Option("factor", "what the weights are multiplied by", 0.5, -1.0, 1.0)


class Shrink(EditMethod):
    """W[rows, S] times a factor, for the affected classes and the selected neurons."""

    title = "shrink the weights"
    help = "multiplies the neurons' weights for the affected classes by a factor"
    needs: frozenset[Need] = frozenset({"neurons"})
    own_options = (FACTOR,)
    controls = (PLACEBO,)

    def fit(self, task: EditTask) -> Fitting:
        """Return the edit, and one random-neuron control for each seed."""
        plan = task.plan
        size = plan.sizes[-1]
        factor = plan.request.options.get(FACTOR.name, FACTOR.default)
        edit = shrunk(task, [aim.first(size) for aim in plan.aims], factor)
        yield Progress(stage="shrinking", done=1, total=2, unit="variants")
        placebos = [shrunk(task, aims, factor) for aims in plan.placebos(size)]
        yield Progress(stage="shrinking", done=2, total=2, unit="variants")
        return Edited({EDIT: [edit], PLACEBO: placebos}, size)


def shrunk(task: EditTask, aims: Sequence[Aim], factor: float) -> Head:
    """Return the classifier's head with the weights of `aims` multiplied."""
    head = Head.of(task.cache)
    weight = head.weight.copy()  # (C, D)
    for aim in aims:
        weight[np.ix_(aim.rows, aim.neurons)] *= factor
    return Head(weight, head.bias)
