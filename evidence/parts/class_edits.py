"""Edits of single classes of a real classifier."""

from functools import partial

from evidence import flowers
from evidence.parts.base import Work
from evidence.result_files import Column, Result, by_figure
from evidence.tables import Figures


class ClassEdits:
    """Edits each of the worst classes of flowers89 alone."""

    help = "what do edits of single classes gain on a real flower classifier?"
    by_case = False

    def run(self, work: Work) -> None:
        """Edit the worst classes, each kept as it is known."""
        home = flowers.home(work.root)
        measured = [
            work.kept(home, f"class edit {k}", partial(flowers.measure, home, k), Figures)
            for k in work.kept(home, "worst classes", partial(flowers.worst, home), list[int])
        ]
        work.publish(
            work.name,
            Result(title="Edits of single classes, in points", command=work.command, head="edit",
                   seeds=f"means of the {len(measured)} worst classes of flowers89, "
                   "three seeds of an edit", rows=by_figure(measured),
                   columns=[Column("gained in the class", "{:.1fi}"),
                            Column("lost elsewhere", "{:.2fi}")]),
        )  # fmt: skip


KIND = ClassEdits()
