"""Do drawings show what drives a neuron, and which neuron they are of?"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from engine.evaluation.scores import wilson
from engine.schema.edits import Estimate
from evidence import drawings, retrieval
from evidence.models import Model
from evidence.parts.base import Work
from evidence.parts.models import train
from evidence.result_files import Cell, Column, Result, by_figure
from evidence.tables import Figures

COLUMNS = (
    "background-driven neurons: background words",
    "bird words",
    "bird-driven neurons: background words",
    "bird words",
)

RETRIEVAL = {"neuron found (%)": "{:.0fi}", "more than as published, points": "{:+.1fi}"}
RETRIEVAL_NOTE = (
    "Right by chance in 10%: each neuron among all choices of "
    f"{retrieval.OTHERS} others. {drawings.STEPS} steps a drawing; the judge is a CLIP trained on "
    "other pictures than the one that guides. Intervals: Wilson's; a bootstrap's over neurons."
)
RESAMPLES = 5000


class Drawings:
    """Draws the most background-driven and the most bird-driven neurons; CLIP reads them."""

    help = "does CLIP read a drawing as what drives the neuron, and another find the neuron?"
    by_case = True

    def run(self, work: Work) -> None:
        """Draw neurons of every model."""
        train(work)
        measured = [
            work.kept(model.home, "drawings", partial(drawings.measure, model), Figures)
            for model in work.models
        ]
        rows = {f"{work.case}, {name}": cells for name, cells in by_figure(measured).items()}
        note = f"Each in {drawings.STEPS} steps."
        work.publish(
            work.name,
            Result(title="Cosine of drawings with the best fitting word", command=work.command,
                   seeds=f"means of {work.seeds}", head="drawn", rows=rows, note=note,
                   columns=[Column(name, "{:.2fi}") for name in COLUMNS]),
        )  # fmt: skip
        publish_retrieval(work, [_judged(work, model) for model in work.models])


def publish_retrieval(work: Work, judged: Sequence[Mapping[str, Sequence[float]]]) -> None:
    """Write what `retrieval.measure` returned of each model."""
    n = sum(len(one[drawings.AS_PUBLISHED]) for one in judged)
    work.publish(
        work.name.replace("drawings", "retrieval"),
        Result(title="Drawings that lead another CLIP to their neuron's images",
               command=work.command, seeds=f"{n} neurons at random of {work.seeds}",
               head="shown to the judge", note=RETRIEVAL_NOTE,
               columns=[Column(name, form) for name, form in RETRIEVAL.items()],
               rows={name: retrieval_cells(name, judged) for name in judged[0]}),
    )  # fmt: skip


def retrieval_cells(name: str, judged: Sequence[Mapping[str, Sequence[float]]]) -> list[Cell]:
    """Return how often the judge finds the neuron, in percent, and how much more often.

    Args:
        name: What it is shown.
        judged: By model, by what it is shown, the share of each neuron.
    """
    found, published = (
        np.concatenate([one[shown] for one in judged]) for shown in (name, drawings.AS_PUBLISHED)
    )
    low, high = wilson(round(found.sum()), len(found)) or (0.0, 1.0)
    share = Estimate(100 * float(found.mean()), 100 * low, 100 * high)
    if name == drawings.AS_PUBLISHED:
        return [[share], None]
    gains = 100 * (found - published)
    drawn = np.random.default_rng(0).integers(len(gains), size=(RESAMPLES, len(gains)))
    low, high = np.percentile(gains[drawn].mean(axis=1), (2.5, 97.5))
    return [[share], [Estimate(float(gains.mean()), float(low), float(high))]]


def _judged(work: Work, model: Model) -> Figures:
    """Judge by the CLIP of the next model, whose pictures and training are others."""
    place = work.models.index(model) + 1
    other = work.models[place % len(work.models)]
    if other == model:
        other = Model(model.case, model.seed + 1, model.root)
    for _ in other.make_clip():
        work.check_time()
    judge = other.plan.source.clip
    return {
        shown: work.kept(model.home, f"retrieval {shown}",
                         partial(retrieval.measure, model, judge, shown), list[float])
        for shown in retrieval.SHOWN
    }  # fmt: skip


KIND = Drawings()
