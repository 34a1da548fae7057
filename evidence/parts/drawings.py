"""Do drawings show what drives a neuron?"""

from functools import partial

from evidence import drawings
from evidence.parts.base import Work
from evidence.parts.models import train
from evidence.result_files import Column, Result, by_figure
from evidence.tables import Figures

COLUMNS = (
    "background-driven neurons: background words",
    "bird words",
    "bird-driven neurons: background words",
    "bird words",
)


class Drawings:
    """Draws the most background-driven and the most bird-driven neurons; CLIP reads them."""

    help = "does CLIP read a drawing as what drives the neuron?"
    by_case = True

    def run(self, work: Work) -> None:
        """Draw the neurons of every model."""
        train(work)
        measured = [
            work.kept(model.home, "drawings", partial(drawings.measure, model), Figures)
            for model in work.models
        ]
        rows = {f"{work.case}, {name}": cells for name, cells in by_figure(measured).items()}
        work.publish(
            work.name,
            Result(title="Cosine of drawings with the best fitting word", command=work.command,
                   seeds=f"means of {work.seeds}", head="drawn", rows=rows,
                   columns=[Column(name, "{:.2fi}") for name in COLUMNS]),
        )  # fmt: skip


KIND = Drawings()
