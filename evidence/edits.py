"""The effect of every edit on average and worst-group test accuracy, compared with its controls."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.schema.edits import Edit
from engine.schema.requests import EditRequest, Select
from evidence.models import Model
from evidence.rankings import background_dependence, driven

SEEDS = 3


def requests(oracle: tuple[int, ...], select: Select) -> dict[str, EditRequest]:
    """Return the edits to compare; those with `select` use no group label of any image."""
    free: dict[str, Any] = {"classes": (0, 1), "seeds": SEEDS, "test_split": "test"}
    free["select"] = select
    grouped = free | {"select": "worst-group"}
    return {
        "zero": EditRequest(**free),
        "zero, background-driven neurons": EditRequest(**free, neurons=oracle),
        "ratio, wide": EditRequest(**free, method="ratio"),
        "ratio, published": EditRequest(**free, method="ratio", preset="paper", by="votes"),
        "ratio, bird version": EditRequest(
            **free | {"select": "worst-class"}, method="ratio", preset="bird", by="votes"
        ),
        "class-weighted": EditRequest(**free, method="weighted"),
        "focal": EditRequest(**free, method="focal"),
        "AFR": EditRequest(**free | {"seeds": 1}, method="afr"),
        "plain retraining": EditRequest(**free, method="retrain"),
        "NeuronTune": EditRequest(**free, method="neurontune"),
        "DFR (group labels)": EditRequest(**grouped | {"seeds": 1}, method="dfr"),
        "direction (5 labelled per group)": EditRequest(**grouped, method="direction"),
    }


def measure(model: Model, evaluation: str, select: Select) -> Iterator[tuple[str, Edit]]:
    """Run every edit on one model, selecting on one validation split, evaluating on test."""
    engine = model.engine(evaluation)
    dependence = background_dependence(engine.classifier, model.seed)
    oracle = tuple(int(j) for j in driven(dependence))
    for name, request in requests(oracle, select).items():
        *_, edit = engine.edit(request)
        assert isinstance(edit, Edit)  # an edit's last record
        yield name, edit


def figures(name: str, edit: Edit) -> dict[str, tuple[float, float]]:
    """Return by variant (average, worst group) on test, 0 to 1; controls carry the edit's name."""
    return {
        variant.name if variant.name == "original" else (name if variant.name == "edit" else
        f"{name}: {variant.name}"): (variant.overall.mean, float(np.mean(variant.worst_group.mean)))
        for variant in edit.variants
        if variant.worst_group is not None
    }  # fmt: skip
