"""The effect of every edit on average and worst-group test accuracy, compared with its controls."""

from typing import Any

import numpy as np
from msgspec import structs

from engine.schema.edits import Edit
from engine.schema.requests import EditRequest, Select
from evidence.models import Model
from evidence.rankings import background_dependence, driven
from evidence.tables import Figures

SEEDS = 3
DRIVEN = "zero, background-driven neurons"
"""An edit of the neurons that the truth names."""


def requests(select: Select) -> dict[str, EditRequest]:
    """Return the edits to compare; those with `select` use no group label of any image."""
    free: dict[str, Any] = {"classes": (0, 1), "seeds": SEEDS, "test_split": "test"}
    free["select"] = select
    grouped = free | {"select": "worst-group"}
    return {
        "zero": EditRequest(**free),
        DRIVEN: EditRequest(**free),
        "ratio, wide": EditRequest(**free, method="ratio"),
        "ratio, published": EditRequest(**free, method="ratio", preset="paper", by="votes"),
        "ratio, bird version": EditRequest(
            **free | {"select": "worst-class"}, method="ratio", preset="bird", by="votes"
        ),
        "class-weighted": EditRequest(**free, method="weighted"),
        "focal": EditRequest(**free, method="focal"),
        "retrain": EditRequest(**free, method="retrain"),
        "afr": EditRequest(**free | {"seeds": 1}, method="afr"),
        "neurontune": EditRequest(**free, method="neurontune"),
        "dfr, true groups": EditRequest(**grouped | {"seeds": 1}, method="dfr"),
        "direction, 5 labels a group": EditRequest(**grouped, method="direction"),
    }


def measure(model: Model, evaluation: str, name: str, request: EditRequest) -> Figures:
    """Run one edit, selecting on a validation split; return its figures on test by variant.

    Args:
        model: What is edited.
        evaluation: The validation split.
        name: The edit's; `DRIVEN` takes the truly background-driven neurons.
        request: What is asked for, but for those neurons.
    """
    engine = model.engine(evaluation)
    if name == DRIVEN:
        truth = driven(background_dependence(engine.classifier, model.seed))
        request = structs.replace(request, neurons=tuple(int(j) for j in truth))
    *_, edit = engine.edit(request)
    assert isinstance(edit, Edit)  # an edit's last record
    return {variant: list(pair) for variant, pair in figures(name, edit).items()}


def figures(name: str, edit: Edit) -> dict[str, tuple[float, float]]:
    """Return by variant (average, worst group) on test, 0 to 1; controls carry the edit's name."""
    return {
        variant.name if variant.name == "original" else (name if variant.name == "edit" else
        f"{name}: {variant.name}"): (variant.overall.mean, float(np.mean(variant.worst_group.mean)))
        for variant in edit.variants
        if variant.worst_group is not None
    }  # fmt: skip
