"""Wrong labels, planted in real ones."""

from functools import partial

from evidence import flowers, suspects
from evidence.parts.base import Work
from evidence.result_files import Column, Result, by_figure
from evidence.tables import Figures


class Suspects:
    """Swaps labels of flowers89, and looks for them by confident learning."""

    help = "are swapped labels found (flowers89)?"
    by_case = False

    def run(self, work: Work) -> None:
        """Swap labels, a draw at a time."""
        home = flowers.home(work.root)
        measured = work.kept(home, "suspects", partial(suspects.measure, home), list[Figures])
        work.publish(
            work.name,
            Result(title="Are swapped labels suspect?", command=work.command, head="doubted",
                   seeds=f"flowers89, {suspects.SHARE:.0%} of the labels swapped at random, means "
                   f"of {suspects.DRAWS} draws", columns=[Column("precision"), Column("recall")],
                   rows=by_figure(measured)),
        )  # fmt: skip


KIND = Suspects()
