"""Ablate neurons in the decision layer, then refit only the biases (ours).

Source: docs/concepts.md, edits.
"""

from contextlib import suppress

import numpy as np
from msgspec import structs

from engine.attribution.query import parse_top
from engine.editing.heads import EDIT, LAMBDA_0, PLACEBO, Edited, Head
from engine.editing.methods.base import EditMethod, Fitting, Need
from engine.editing.plan import Plan
from engine.editing.task import EditTask
from engine.evaluation.scores import mean_outcome
from engine.schema.arrays import Array
from engine.schema.edits import EditEpoch
from engine.schema.errors import RequestError
from engine.schema.records import Outcome
from engine.schema.requests import EditRequest

AUTO_SHARES = np.geomspace(0.02, 0.60, 12)
"""Of all neurons: the numbers tried where the request leaves them open."""
GROUPS = "groups"
"""The ranking that is tried beside the usual one."""


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
        """Ablate the best number of the best order's neurons, and as many random ones a seed."""
        from engine.editing.refit import Refit

        scorer = task.scorer
        refit = Refit.on(task.cache, task.plan)
        control, control_there = refit.after([])
        controls = {LAMBDA_0: scorer.outcome(control_there)}
        plans = _plans(task)
        tried = [(by, size) for by, plan in plans.items() for size in plan.sizes]
        total = len(tried)
        scores: dict[str, tuple[float, float]] = {}
        best: tuple[tuple[float, float], str, int, Head, Array] | None = None
        for number, (by, size) in enumerate(tried, start=1):
            head, there = refit.after([aim.first(size) for aim in plans[by].aims])
            scored = scorer.score(there)
            scores[by] = max(scored, scores.get(by, scored))
            if best is None or scored > best[0]:
                best = (scored, by, size, head, there)
            yield _epoch(number, total, scorer.outcome(there), controls)
        assert best is not None  # a plan has a size
        _, by, size, head, there = best
        random = [refit.after(aims) for aims in plans[by].placebos(size)]
        controls[PLACEBO] = mean_outcome([scorer.outcome(predicted) for _, predicted in random])
        yield _epoch(total, total, scorer.outcome(there), controls)
        heads = {EDIT: [head], LAMBDA_0: [control], PLACEBO: [one for one, _ in random]}
        return Edited(heads, size, aims=plans[by].aims, notes=_orders(scores, by))


def _plans(task: EditTask) -> dict[str, Plan]:
    """Return the plans to try, by the ranking that orders their neurons.

    Groups order neurons too where the edit goes by groups anyhow that are not in doubt, and left
    the order open.
    """
    request = task.plan.request
    own = request.by or Zero().ranking(request)
    plans = {own: task.plan}
    laid = task.cache.overlay
    goes_by_groups = laid is not None or request.select == "worst-group"
    sure = laid is None or not laid.doubtful
    is_open = request.by is None and not request.neurons and request.top == "auto"
    if goes_by_groups and sure and is_open and task.replan is not None:
        with suppress(RequestError):  # the groups divide no edited class
            asked = structs.replace(request, by=GROUPS)
            plans[GROUPS] = task.replan(asked, task.plan.selection)
    return plans


def _orders(scores: dict[str, tuple[float, float]], chosen: str) -> tuple[str, ...]:
    """Say which order was chosen, where there was a choice."""
    if len(scores) == 1:
        return ()
    figures = ", ".join(f"{by} {score:.1%}" for by, (score, _) in scores.items())
    return (f"Neurons in the order of {chosen}, by the selection images ({figures}).",)


def _epoch(done: int, total: int, edit: Outcome, controls: dict[str, Outcome]) -> EditEpoch:
    return EditEpoch(epoch=done, epochs=total, edit=edit, controls=dict(controls), seconds_left=0.0)


KIND = Zero()
