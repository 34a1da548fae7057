"""A workspace with more mistakes, and edits saved in it without torch."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from engine.attribution.ranking import gather, order
from engine.editing.heads import EDIT, LAMBDA_0, ORIGINAL, PLACEBO, Head
from engine.editing.plan import halves
from engine.editing.store import save_edit
from engine.evaluation.scores import outcome
from engine.features.cache import Bank
from engine.io.atomic import write_json
from engine.schema.edits import Arm, Difference, Edit, Estimate
from engine.schema.records import Label
from tests.screens.planted import Planted, plant, write_bank

HARDER = 22
"""A draw with mistakes in four classes: ant 6, cat 6, dog 8, eel 2."""


def plant_harder(root: Path, *, groups: bool = False) -> Planted:
    """Plant a workspace whose classifier errs often."""
    planted = plant(root, groups=groups)
    bank = planted.home / "bank" / "planted-valid"
    shutil.rmtree(bank)
    write_bank(bank, planted.split, seed=HARDER)
    return planted


def saved_edit(planted: Planted, class_index: int = 0, count: int = 3) -> Edit:
    """Zero the top neurons of a class, judge that on half the images, and save it."""
    bank = planted.bank()
    choosing, rows = halves(bank, 0)
    neurons = order(gather(bank, class_index, rows=choosing), "contrast")[:count]
    head = Head.of(bank)
    head.weight[class_index, neurons] = 0
    arms = {
        ORIGINAL: [Head.of(bank)],
        EDIT: [head],
        LAMBDA_0: [Head.of(bank)],
        PLACEBO: [_placebo(bank, class_index, count, seed) for seed in range(3)],
    }
    right = {
        name: [some.predict(bank, rows) == bank.labels[rows] for some in heads]
        for name, heads in arms.items()
    }
    record = Edit(
        id="", created="", method="zero", classes=(Label(class_index, bank.classes[class_index]),),
        neurons={str(class_index): tuple(neurons.tolist())}, strength=0.0, targets={}, lr=0.0,
        batch_size=0, chosen_on="valid, 36 of 72", reported_on="valid, 36 of 72",
        n_report=len(rows), n_target=int((bank.labels[rows] == class_index).sum()),
        before=outcome(bank, right[ORIGINAL][0], [class_index], rows),
        after=outcome(bank, right[EDIT][0], [class_index], rows),
        arms=tuple(_arm(bank, name, some, class_index, rows) for name, some in right.items()),
        differences=(
            Difference(control=LAMBDA_0, points=0.125, lo=-0.03, hi=0.08, cost_points=-0.002),
            Difference(control=PLACEBO, points=0.1, lo=0.01, hi=0.2, cost_points=0.01),
        ),
        verdict="No better than shifting one bias (+2.5 points, interval -3 to +8).",
        notes=("The numbers of this sentence are made up.",), request={},
        provenance={"reporting_bank": bank.meta.key, "reporting_split": "valid"},
    )  # fmt: skip
    edits = planted.home / "edits"
    return _dated(edits, save_edit(edits, record, head, rows, edits / ".partial" / "planted"))


def _dated(root: Path, record: Edit) -> Edit:
    """Give an edit an id that is the same in every run."""
    fixed = structs.replace(record, id=f"2026010{len(list(root.iterdir()))}-120000-zero")
    (root / record.id).rename(root / fixed.id)
    write_json(root / fixed.id / "edit.json", fixed)
    return fixed


def _placebo(bank: Bank, class_index: int, count: int, seed: int) -> Head:
    head = Head.of(bank)
    drawn = np.random.default_rng(seed).permutation(bank.meta.width)[:count]
    head.weight[class_index, drawn] = 0
    return head


def _arm(bank: Bank, name: str, right: list[Any], class_index: int, rows: Any) -> Arm:
    was = bank.predicted[rows] == bank.labels[rows]
    found = [outcome(bank, some, [class_index], rows) for some in right]
    return Arm(
        name=name, overall=_estimate([o.overall for o in found]),
        target=_estimate([o.target or 0.0 for o in found]),
        worst_class=_estimate([o.worst_class or 0.0 for o in found]), worst_group=None,
        won=float(np.mean([(some & ~was).sum() for some in right])),
        lost=float(np.mean([(was & ~some).sum() for some in right])),
    )  # fmt: skip


def _estimate(values: list[float]) -> Estimate:
    mean, spread = float(np.mean(values)), float(np.std(values))
    return Estimate(mean) if len(values) == 1 else Estimate(mean, mean - spread, mean + spread)
