"""A mark on most photographs of one flower: is it found, named, mended?"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.schema.requests import EditRequest, Select
from evidence import flowers
from evidence.marks import measuring
from evidence.marks.stamps import MARKS
from evidence.marks.training import Planted
from evidence.models import FOREIGN
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
CLIPS = {"no CLIP": "none", "CLIP of flowers": f"local-dir:{FOREIGN}"}
SLOW, SLOW_SEEDS = ("dfr", "auto"), SEEDS[:1]
"""Edits that take minutes, with twenty groups and 1,280 neurons, and the seeds that they are made
for; and that a CLIP looks at."""
FINDING = "{:.2f}, {:.2f}, {:.2fi}"


class Marks:
    """Three marks, three seeds: nine classifiers of ten flowers."""

    help = "is a mark found, named and mended, that one class of photographs mostly carries?"
    by_case = False

    def run(self, work: Work) -> None:
        """Measure every classifier, those without a CLIP first."""
        flowers.home(work.root)  # are the photographs there?
        models = [Planted(mark, seed, work.root / "marks") for mark in MARKS for seed in SEEDS]
        for model in models:
            for _ in model.make():
                work.check_time()
        found = {name: _found(work, models, name) for name in CLIPS}
        finding = [_finding(work, models, label, found) for label in SPLITS]
        repaired = {label: _repaired(work, models, label) for label in SPLITS}
        _publish(work, models, finding, found, repaired)


Found = dict[tuple[str, str], list[tuple[Planted, measuring.Found]]]
"""By balance and mark."""


def _looked_at(models: list[Planted], clip: str) -> Iterator[Planted]:
    for model in models:
        if CLIPS[clip] == "none" or (model.seed in SLOW_SEEDS and FOREIGN.is_dir()):
            yield model


def _found(work: Work, models: list[Planted], clip: str) -> Found:
    found: Found = {}
    for label, (split, _) in SPLITS.items():
        for model in _looked_at(models, clip):
            find = partial(measuring.kinds, model, split, CLIPS[clip])
            one = work.kept(model.home, f"kinds {label} {clip}", find, measuring.Found)
            found.setdefault((label, model.mark), []).append((model, one))
    return found


def _finding(
    work: Work, models: list[Planted], label: str, found: dict[str, Found]
) -> list[Figures]:
    measured = []
    for model in models:
        rank = partial(measuring.finding, model, SPLITS[label][0])
        figures = dict(work.kept(model.home, f"finding {label}", rank, Figures))
        for clip, by in found.items():
            for other, one in by.get((label, model.mark), ()):
                if other == model and one.finding is not None:
                    figures[f"groups found, {clip}"] = one.finding
        measured.append(figures)
    return measured


def _repaired(work: Work, models: list[Planted], label: str) -> dict[str, list[Figures]]:
    """Return by mark the figures of its classifiers."""
    by_mark: dict[str, list[Figures]] = {}
    for model in models:
        was = work.kept(model.home, "original", partial(measuring.original, model), list[float])
        figures = {"original": was}
        for name, (clip, request) in _edits(model, label).items():
            if request.method in SLOW and model.seed not in SLOW_SEEDS:
                continue
            mend = partial(measuring.repair, model, SPLITS[label][0], clip, request)
            figures[name] = work.kept(model.home, f"edit {label} {name}", mend, list[float])
        by_mark.setdefault(model.mark, []).append(figures)
    return by_mark


def _edits(model: Planted, label: str) -> dict[str, tuple[str, EditRequest]]:
    """Return by name the CLIP that looks for groups, and the edit; the quick ones first."""
    select = SPLITS[label][1]
    found = {
        name: ("none", request)
        for name, request in measuring.requests(model, select, found=False).items()
    }
    for clip in CLIPS:
        if model in _looked_at([model], clip):
            by = measuring.requests(model, select, found=True)
            found |= {f"{name}, {clip}": (CLIPS[clip], request) for name, request in by.items()}
    return dict(sorted(found.items(), key=lambda pair: pair[1][1].method in SLOW))


def _publish(
    work: Work,
    models: list[Planted],
    finding: list[list[Figures]],
    found: dict[str, Found],
    repaired: dict[str, dict[str, list[Figures]]],
) -> None:
    result = partial(
        Result,
        command=work.command,
        seeds=f"means of {len(models)} classifiers: three marks, seeds {SEEDS[0]} to {SEEDS[-1]}",
        note=f"By {' and '.join(SLOW)}, and with a CLIP, seed {SLOW_SEEDS[0]} alone.",
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
        result(title="Are the classes divided by the mark?", head="mark, validation; CLIP",
               columns=[Column(name) for name in ("mistakes of the marked class", "it is divided",
                        "others divided", "purity: mean, least")],
               rows=_kinds_rows(found)),
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


def _kinds_rows(found: dict[str, Found]) -> dict[str, list[Cell]]:
    rows: dict[str, list[Cell]] = {}
    for clip, by in found.items():
        for (label, mark), several in by.items():
            own = [one.target in one.divided for _, one in several]
            others = [len(one.divided) - (one.target in one.divided) for _, one in several]
            pure = [value for _, one in several for value in one.divided.values()]
            rows[f"{mark}, {label}; {clip}"] = [
                ", ".join(str(one.mistakes) for _, one in several),
                f"{sum(own)} of {len(own)}",
                f"{sum(others)} of {9 * len(others)}",
                f"{np.mean(pure):.2f}, {min(pure):.2f}" if pure else None,
            ]
    return rows


KIND = Marks()
