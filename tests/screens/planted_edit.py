"""A workspace with more mistakes, and edits saved in it without torch."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from engine.attribution.evidence import gather
from engine.attribution.ranking import order
from engine.editing.heads import EDIT, LAMBDA_0, ORIGINAL, PLACEBO, Head
from engine.editing.store import save_edit
from engine.evaluation.scores import outcome
from engine.features.cache import FeatureCache
from engine.features.halves import halves
from engine.io.atomic import write_json
from engine.schema.edits import Difference, Edit, Estimate, Variant
from engine.schema.records import Label
from tests.screens.planted import Planted, plant, write_cache

HARDER = 22
"""A draw with mistakes in four classes: ant 6, cat 6, dog 8, eel 2."""


def plant_harder(root: Path, *, groups: bool = False) -> Planted:
    """Plant a workspace whose classifier errs often."""
    planted = plant(root, groups=groups)
    cache = planted.home / "features" / "planted-valid"
    shutil.rmtree(cache)
    write_cache(cache, planted.split, seed=HARDER)
    return planted


def saved_edit(planted: Planted, class_index: int = 0, count: int = 3) -> Edit:
    """Zero the top neurons of a class, judge that on half the images, and save it."""
    cache = planted.cache()
    selection, rows = halves(cache, 0)
    neurons = order(gather(cache, class_index, rows=selection), "contrast")[:count]
    head = Head.of(cache)
    head.weight[class_index, neurons] = 0
    variants = {
        ORIGINAL: [Head.of(cache)],
        EDIT: [head],
        LAMBDA_0: [Head.of(cache)],
        PLACEBO: [_placebo(cache, class_index, count, seed) for seed in range(3)],
    }
    right = {
        name: [some.predict(cache, rows) == cache.labels[rows] for some in heads]
        for name, heads in variants.items()
    }
    record = Edit(
        id="", created="", method="zero", classes=(Label(class_index, cache.classes[class_index]),),
        neurons={str(class_index): tuple(neurons.tolist())}, strength=0.0, targets={}, lr=0.0,
        batch_size=0, selected_on="valid, 36 of 72", reported_on="valid, 36 of 72",
        n_report=len(rows), n_target=int((cache.labels[rows] == class_index).sum()),
        before=outcome(cache, right[ORIGINAL][0], [class_index], rows),
        after=outcome(cache, right[EDIT][0], [class_index], rows),
        variants=tuple(
            _variant(cache, name, some, class_index, rows) for name, some in right.items()
        ),
        differences=(
            Difference(control=LAMBDA_0, points=0.125, lo=-0.03, hi=0.08, cost_points=-0.002),
            Difference(control=PLACEBO, points=0.1, lo=0.01, hi=0.2, cost_points=0.01),
        ),
        verdict="No better than shifting one bias (+2.5 points, interval -3 to +8).",
        notes=("The numbers of this sentence are made up.",), request={},
        provenance={"reporting_cache": cache.meta.key, "reporting_split": "valid"},
    )  # fmt: skip
    edits = planted.home / "edits"
    return _dated(edits, save_edit(edits, record, head, rows, edits / ".partial" / "planted"))


def _dated(root: Path, record: Edit) -> Edit:
    """Give an edit an id that is the same in every run."""
    fixed = structs.replace(record, id=f"2026010{len(list(root.iterdir()))}-120000-zero")
    (root / record.id).rename(root / fixed.id)
    write_json(root / fixed.id / "edit.json", fixed)
    return fixed


def _placebo(cache: FeatureCache, class_index: int, count: int, seed: int) -> Head:
    head = Head.of(cache)
    drawn = np.random.default_rng(seed).permutation(cache.meta.width)[:count]
    head.weight[class_index, drawn] = 0
    return head


def _variant(
    cache: FeatureCache, name: str, right: list[Any], class_index: int, rows: Any
) -> Variant:
    was = cache.predicted[rows] == cache.labels[rows]
    found = [outcome(cache, some, [class_index], rows) for some in right]
    return Variant(
        name=name, overall=_estimate([o.overall for o in found]),
        target=_estimate([o.target or 0.0 for o in found]),
        worst_class=_estimate([o.worst_class or 0.0 for o in found]), worst_group=None,
        fixed=float(np.mean([(some & ~was).sum() for some in right])),
        broken=float(np.mean([(was & ~some).sum() for some in right])),
    )  # fmt: skip


def _estimate(values: list[float]) -> Estimate:
    mean, spread = float(np.mean(values)), float(np.std(values))
    return Estimate(mean) if len(values) == 1 else Estimate(mean, mean - spread, mean + spread)
