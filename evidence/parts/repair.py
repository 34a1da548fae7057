"""Repair without group labels, beside repair with them."""

from functools import partial

from evidence import repair
from evidence.parts.base import SPLITS, Work
from evidence.parts.models import train
from evidence.result_files import Column, Result, by_row
from evidence.tables import Figures

SAID = {"its own": "own CLIP", "of flowers": "CLIP of flowers", "none": "no CLIP"}


class Repair:
    """Each edit by one seed: without groups, with true ones, with those found by each CLIP."""

    help = "is the worst group repaired by groups found without labels?"
    by_case = True

    def run(self, work: Work) -> None:
        """Edit every model in every way."""
        train(work)
        columns: list[list[Figures]] = []
        for label, (split, select) in SPLITS.items():
            columns.append([])
            for model in work.models:
                usual = partial(repair.measure, model, split, select, None)
                figures = work.kept(model.home, f"repair {label}", usual, Figures)
                shown = {_plain(name): _percent(of) for name, of in figures.items()}
                for name, clip in model.clips().items():
                    mend = partial(repair.measure, model, split, select, clip)
                    found = work.kept(model.home, f"repair {label} {name}", mend, Figures)
                    shown |= {
                        f"{edit}, found, {SAID[name]}": _percent(of) for edit, of in found.items()
                    }
                columns[-1].append(shown)
        work.publish(
            work.name,
            Result(title="Worst true group of the test images in percent", command=work.command,
                   seeds=f"means of {work.seeds}, one seed of an edit", head="edit",
                   columns=[Column(f"{work.case}, {label}", "{:.1fi}") for label in SPLITS],
                   rows=by_row(columns)),
        )  # fmt: skip


def _plain(name: str) -> str:
    """Say of `zero` that it goes by no groups here."""
    return "zero, no groups" if name == "zero" else name


def _percent(figures: list[float]) -> list[float]:
    """Return worst true group and average in percent, and 1 where an edit could be made."""
    average, worst, made = figures
    return [100 * worst, 100 * average, made]


KIND = Repair()
