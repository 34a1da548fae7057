"""Ablate neurons in the decision layer, then refit only the biases (ours).

Source: docs/concepts.md, edits.
"""

import numpy as np

from engine.attribution.query import parse_top
from engine.editing.heads import EDIT, LAMBDA_0, PLACEBO, Edited, Head
from engine.editing.methods.base import EditMethod, Fitting, Need
from engine.editing.task import EditTask
from engine.evaluation.scores import mean_outcome
from engine.schema.arrays import Array
from engine.schema.edits import EditEpoch
from engine.schema.records import Outcome
from engine.schema.requests import EditRequest

AUTO_SHARES = np.geomspace(0.02, 0.60, 12)
"""Of all neurons: the numbers tried where the request leaves them open."""


class Zero(EditMethod):
    """W[rows, S] = 0, b refitted on the selection images; the size of S is chosen there too."""

    title = "ablate and refit the biases"
    help = "ablates the neurons for the affected classes and refits the biases; takes seconds"
    needs: frozenset[Need] = frozenset({"neurons"})
    controls = (LAMBDA_0, PLACEBO)

    def auto_top(self, request: EditRequest) -> str:
        """Say what is tried."""
        del request
        return "tries 2 to 60%"

    def sizes(self, request: EditRequest, width: int, available: int) -> tuple[int, ...]:
        """Return twelve numbers of neurons to choose from, unless the request settles it."""
        if request.neurons:
            return (len(request.neurons),)
        if request.top != "auto":
            return (min(parse_top(request.top, width), available),)
        sizes = {max(1, round(float(share) * width)) for share in AUTO_SHARES}
        return tuple(sorted({min(size, available) for size in sizes}))

    def fit(self, task: EditTask) -> Fitting:
        """Ablate the best number of neurons, and as many random ones a seed."""
        from engine.editing.refit import Refit

        plan, scorer = task.plan, task.scorer
        refit = Refit.on(task.cache, plan)
        control, control_there = refit.after([])
        controls = {LAMBDA_0: scorer.outcome(control_there)}
        total = len(plan.sizes)
        best: tuple[tuple[float, float], int, Head, Array] | None = None
        for number, size in enumerate(plan.sizes, start=1):
            head, there = refit.after([aim.first(size) for aim in plan.aims])
            if best is None or scorer.score(there) > best[0]:
                best = (scorer.score(there), size, head, there)
            yield _epoch(number, total, scorer.outcome(there), controls)
        assert best is not None  # a plan has a size
        _, size, head, there = best
        random = [refit.after(aims) for aims in plan.placebos(size)]
        controls[PLACEBO] = mean_outcome([scorer.outcome(predicted) for _, predicted in random])
        yield _epoch(total, total, scorer.outcome(there), controls)
        heads = {EDIT: [head], LAMBDA_0: [control], PLACEBO: [one for one, _ in random]}
        return Edited(heads, size)


def _epoch(done: int, total: int, edit: Outcome, controls: dict[str, Outcome]) -> EditEpoch:
    return EditEpoch(epoch=done, epochs=total, edit=edit, controls=dict(controls), seconds_left=0.0)


KIND = Zero()
