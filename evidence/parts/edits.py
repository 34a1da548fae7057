"""Every edit against its controls."""

from collections.abc import Sequence
from functools import partial

from engine.schema.requests import Select
from evidence import edits
from evidence.models import Model
from evidence.parts.base import SPLITS, Work
from evidence.parts.models import train
from evidence.result_files import DIGITS, Cell, Column, Result
from evidence.tables import Figures, best_control, beyond, columns


class Edits:
    """Each edit by several seeds, with its gain over its own best control."""

    help = "what does every edit gain over its controls?"
    by_case = True

    def run(self, work: Work) -> None:
        """Edit every model in every way."""
        train(work)
        shown: list[Column] = []
        settings: list[dict[str, list[Cell]]] = []
        for label, (split, select) in SPLITS.items():
            measured = [_figures(work, model, label, split, select) for model in work.models]
            shown += [
                Column(f"{work.case}, {label}: average, worst group", "{:.1f}, {:.1f}"),
                Column("gain", "{:+.1fi}"),
                Column("over"),
            ]
            settings.append(gains(measured))
        names = settings[0]
        work.publish(
            work.name,
            Result(title="Edits: average and worst group of the test images in percent, and the "
                   "points of worst group that an edit gains over its best control",
                   command=work.command, head="edit", columns=shown,
                   rows={name: [cell for of in settings for cell in of[name]] for name in names},
                   seeds=f"means of {work.seeds}, three seeds of an edit (afr, dfr: one)"),
        )  # fmt: skip


def _figures(work: Work, model: Model, label: str, split: str, select: Select) -> Figures:
    """Return by variant average and worst group, each edit kept as it is known."""
    variants: Figures = {}
    for name, request in edits.requests(select).items():
        edit = partial(edits.measure, model, split, name, request)
        variants |= work.kept(model.home, f"edit {label} {name}", edit, Figures)
    return variants


def gains(measured: Sequence[Figures]) -> dict[str, list[Cell]]:
    """Return by edit three cells: average and worst group, the gain in percent points, over what.

    The best control is that of the best mean worst group.

    Args:
        measured: By model, by variant average and worst group, 0 to 1.
    """
    variants = columns(measured)
    rows: dict[str, list[Cell]] = {}
    for name, models in variants.items():
        if ": " in name:  # a control
            continue
        both = [
            [round(100 * value, DIGITS) for value in each] for each in zip(*models, strict=True)
        ]
        best = best_control(name, variants)
        gain = None if best is None else [round(g, DIGITS) for g in beyond(measured, name, best)]
        over = None if best is None else best.partition(": ")[2]
        rows[name] = [list(both), None if gain is None else [gain], over]
    return rows


KIND = Edits()
