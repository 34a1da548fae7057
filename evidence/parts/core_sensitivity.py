"""The published automatic selection against the truth, beside the other rankings."""

from functools import partial

from evidence import sensitivity
from evidence.parts.base import Work
from evidence.parts.models import train
from evidence.parts.rankings import FINDING, TITLE
from evidence.result_files import Column, Result, by_row
from evidence.tables import Figures
from neuroinspect_tui.demo.scenes import BIRDS


class CoreSensitivity:
    """Draws all neurons for both classes: some ten minutes a model on an idle core."""

    help = "does core sensitivity, by drawings of all neurons, find them?"
    by_case = True

    def run(self, work: Work) -> None:
        """Rank the neurons of every model."""
        train(work)
        columns = []
        for k, name in enumerate(BIRDS):
            columns.append([
                work.kept(model.home, f"core sensitivity {name}",
                          partial(sensitivity.measure, model, k, work.check_time), Figures)
                for model in work.models
            ])  # fmt: skip
        note = f"Every neuron was drawn in {sensitivity.STEPS} steps for either class."
        work.publish(
            work.name,
            Result(title=TITLE, command=work.command, seeds=f"means of {work.seeds}",
                   head="ranking", note=note, rows=by_row(columns),
                   columns=[Column(f"{work.case}, {name}", FINDING) for name in BIRDS]),
        )  # fmt: skip


KIND = CoreSensitivity()
