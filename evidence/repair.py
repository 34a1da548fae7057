"""Edits with true groups, found groups and none, by the worst of the true groups on test images."""

from collections.abc import Iterator
from typing import Any

from engine.editing.store import compare_edit
from engine.evaluation.scores import score
from engine.schema.edits import Edit
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest, Select
from engine.session import TorchEngine
from evidence.kinds import TEST
from evidence.models import Model
from evidence.rankings import last
from evidence.tables import Figures

FREE = ("zero", "retrain", "afr", "neurontune")
"""Those that need no groups."""
GROUPED = ("zero", "dfr", "direction", "auto")
"""Those that go by groups."""


def measure(model: Model, evaluation: str, select: Select, clip: str | None) -> Figures:
    """Return by edit its average, its worst true group, and 1 where an edit could be made.

    Where none can be made, the figures are those of the classifier as it was.

    Args:
        model: What is edited.
        evaluation: The validation split that chooses; the test split reports.
        select: What chooses where there are no groups.
        clip: The CLIP that looks for groups; None: the data's groups, and none.
    """
    engine = model.engine(evaluation, clip or "none")
    found: Figures = {}
    for name, request in _requests(select, found_groups=clip is not None):
        found[name] = _figures(engine, request)
    return found


def _requests(select: Select, *, found_groups: bool) -> Iterator[tuple[str, EditRequest]]:
    common: dict[str, Any] = {"classes": (0, 1), "seeds": 1, "test_split": TEST}
    if found_groups:
        for method in GROUPED:
            fields = common | {"method": method, "group_by": "found", "select": "worst-group"}
            yield method, EditRequest(**fields)
        return
    for method in FREE:
        yield method, EditRequest(**common, method=method, select=select)
    for method in GROUPED:
        fields = common | {"method": method, "select": "worst-group"}
        yield f"{method}, true groups", EditRequest(**fields)


def _figures(engine: TorchEngine, request: EditRequest) -> list[float]:
    """Return average and worst true group on test, 0 to 1, and whether an edit was made."""
    try:
        *_, edit = engine.edit(request)
    except RequestError:  # no groups are found, or too few mistakes could tell
        as_it_was = score(last(engine.ready_cache(TEST)))
        assert as_it_was.accuracy is not None  # the birds are there, and have groups
        assert as_it_was.worst_group_accuracy is not None
        return [as_it_was.accuracy, as_it_was.worst_group_accuracy, 0.0]
    assert isinstance(edit, Edit)  # an edit's last record
    cache = last(engine.ready_cache(TEST))
    after = compare_edit(cache, engine.home / "edits" / edit.id, edit).after
    assert after.worst_group is not None
    return [after.overall, after.worst_group, 1.0]
