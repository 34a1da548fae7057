"""Rankings of neurons against the truth."""

from functools import partial

from evidence import rankings
from evidence.parts.base import SPLITS, Work
from evidence.parts.models import train
from evidence.result_files import Column, Result, by_row
from evidence.tables import Figures

FINDING = "{:.2f}, {:.2f}, {:.2fi}"
"""P@5, P@10, mean rank."""
TITLE = "Which neurons are driven by the background: P@5, P@10, mean rank"


class Rankings:
    """Votes, contrast, contribution, weights, CCE, chance."""

    help = "do rankings find the background-driven neurons?"
    by_case = True

    def run(self, work: Work) -> None:
        """Rank the neurons of every model."""
        train(work)
        columns, measured = [], []
        for label, (split, _) in SPLITS.items():
            columns.append(Column(f"{work.case}, {label}", FINDING))
            measured.append([
                work.kept(model.home, f"rankings {label}",
                          partial(rankings.measure, model, split), Figures)
                for model in work.models
            ])  # fmt: skip
        work.publish(
            work.name,
            Result(title=TITLE, command=work.command, seeds=f"means of {work.seeds}",
                   head="ranking", columns=columns, rows=by_row(measured)),
        )  # fmt: skip


KIND = Rankings()
