"""A mark on most photographs of one flower: is it found, named, mended?"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.schema.requests import EditRequest, Select
from evidence import flowers
from evidence.marks import measuring
from evidence.marks.stamps import MARKS
from evidence.marks.training import Planted
from evidence.parts.base import Work
from evidence.result_files import Cell, Column, Result, by_row
from evidence.tables import Figures

SEEDS = range(31, 34)
"""The marks' sizes were chosen on seeds 1 to 3."""
SPLITS: dict[str, tuple[str, Select]] = {
    "balanced": ("valid", "accuracy"),
    "biased": ("valid_biased", "mistake-aware"),
}
"""By balance, the validation split and what an edit without groups is selected by."""
SLOW, SLOW_SEEDS = ("dfr", "auto"), SEEDS[:1]
"""Edits that take long, with twenty groups and 1,280 neurons: made with biased validation alone, of
these seeds."""
KINDS = ("mistakes of the marked class", "it is divided", "others divided", "purity: mean, least")
FINDING = "{:.2f}, {:.2f}, {:.2fi}"


class Marks:
    """Three marks, three seeds: nine classifiers of ten flowers."""

    help = "is a mark found, named and mended, that one class of photographs mostly carries?"
    by_case = False

    def run(self, work: Work) -> None:
        """Measure every classifier."""
        flowers.home(work.root)  # are the photographs there?
        models = [Planted(mark, seed, work.root / "marks") for mark in MARKS for seed in SEEDS]
        for model in models:
            for _ in model.make():
                work.check_time()
        found = {label: _found(work, models, label) for label in SPLITS}
        finding = [_finding(work, models, label, found[label]) for label in SPLITS]
        repaired = {label: _repaired(work, models, label) for label in SPLITS}
        _publish(work, models, finding, found, repaired)


def _found(work: Work, models: list[Planted], label: str) -> list[measuring.Found]:
    split = SPLITS[label][0]
    return [
        work.kept(model.home, f"kinds {label} no CLIP",
                  partial(measuring.kinds, model, split, "none"), measuring.Found)
        for model in models
    ]  # fmt: skip


def _finding(
    work: Work, models: list[Planted], label: str, found: list[measuring.Found]
) -> list[Figures]:
    measured, split = [], SPLITS[label][0]
    for model, one in zip(models, found, strict=True):
        rank = partial(measuring.finding, model, split)
        figures = dict(work.kept(model.home, f"finding {label}", rank, Figures))
        by_groups = partial(measuring.by_true_groups, model, split)
        figures["true groups"] = work.kept(model.home, f"groups {label}", by_groups, list[float])
        if one.finding is not None:
            figures["groups found"] = one.finding
        measured.append(figures)
    return measured


def _repaired(work: Work, models: list[Planted], label: str) -> dict[str, list[Figures]]:
    """Return by mark the figures of its classifiers."""
    by_mark: dict[str, list[Figures]] = {}
    for model in models:
        was = work.kept(model.home, "original", partial(measuring.original, model), list[float])
        figures = {"original": was}
        for name, request in _edits(model, label).items():
            mend = partial(measuring.repair, model, SPLITS[label][0], "none", request)
            step = f"edit {label} {name}"
            figures[name] = work.kept(model.home, step, mend, list[float])
        by_mark.setdefault(model.mark, []).append(figures)
    return by_mark


def _edits(model: Planted, label: str) -> dict[str, EditRequest]:
    """Return the edits by name; groups are found without a CLIP."""
    select = SPLITS[label][1]
    asked = measuring.requests(model, select, found=False)
    found = measuring.requests(model, select, found=True)
    asked |= {f"{name}, no CLIP": request for name, request in found.items()}
    slow = label == "biased" and model.seed in SLOW_SEEDS
    return {name: request for name, request in asked.items() if slow or request.method not in SLOW}


def _publish(
    work: Work,
    models: list[Planted],
    finding: list[list[Figures]],
    found: dict[str, list[measuring.Found]],
    repaired: dict[str, dict[str, list[Figures]]],
) -> None:
    result = partial(
        Result,
        command=work.command,
        seeds=f"means of {len(models)} classifiers: three marks, seeds {SEEDS[0]} to {SEEDS[-1]}",
        note=f"{' and '.join(SLOW)} are of seed {SLOW_SEEDS[0]} alone.",
    )
    work.publish(
        "marks-finding",
        result(title="Which neurons are driven by the mark: P@5, P@10, mean rank", head="ranking",
               columns=[Column(f"{label} validation", FINDING) for label in SPLITS],
               rows=by_row(finding)),
    )  # fmt: skip
    work.publish(
        "marks-repair",
        result(title="Test accuracy in percent: worst of 20 groups, and where the mark misleads",
               head="edit", columns=list(_repair_columns()), rows=_repair_rows(repaired)),
    )  # fmt: skip
    biased = repaired["biased"]
    work.publish(
        "marks-by-mark",
        result(title="Worst of 20 groups in percent, by mark, with biased validation", head="edit",
               columns=[Column(mark, "{1:.1f}") for mark in biased],
               rows=by_row(list(biased.values()))),
    )  # fmt: skip
    work.publish(
        "marks-kinds",
        result(title="Are the classes divided by the mark?", head="mark, validation",
               columns=[Column(name) for name in KINDS],
               rows=_kinds_rows(models, found)),
    )  # fmt: skip


def _repair_columns() -> Iterator[Column]:
    for label in SPLITS:
        yield Column(f"{label}: worst group", "{:.1fi}")
        yield Column("over its best control", "{:+.1f}")
        yield Column("against the mark", "{:.1f}")


def _repair_rows(repaired: dict[str, dict[str, list[Figures]]]) -> dict[str, list[Cell]]:
    columns = []
    for by_mark in repaired.values():
        models = [figures for several in by_mark.values() for figures in several]
        columns += [
            [{name: [of[1]] for name, of in figures.items()} for figures in models],
            [{name: [of[1] - of[3]] for name, of in figures.items() if of[4]}
             for figures in models],
            [{name: [of[2]] for name, of in figures.items()} for figures in models],
        ]  # fmt: skip
    return by_row(columns)


def _kinds_rows(
    models: list[Planted], found: dict[str, list[measuring.Found]]
) -> dict[str, list[Cell]]:
    rows: dict[str, list[Cell]] = {}
    for label, measured in found.items():
        for mark in MARKS:
            several = [one for model, one in zip(models, measured, strict=True)
                       if model.mark == mark]  # fmt: skip
            rows[f"{mark}, {label}"] = kinds_cells(several)
    return rows


def kinds_cells(found: list[measuring.Found]) -> list[Cell]:
    """Return the cells of `KINDS` for classifiers of one mark."""
    own = [one.target in one.divided for one in found]
    others = [len(one.divided) - (one.target in one.divided) for one in found]
    pure = [value for one in found for value in one.divided.values()]
    return [
        ", ".join(str(one.mistakes) for one in found),
        f"{sum(own)} of {len(own)}",
        f"{sum(others)} of {9 * len(others)}",
        f"{np.mean(pure):.2f}, {min(pure):.2f}" if pure else None,
    ]


KIND = Marks()
