"""Whether an edit can be made, before a job is submitted. For threads."""

from engine.editing.methods import EDIT_METHODS
from engine.editing.plan import Plan
from engine.editing.planning import make_plan
from engine.grouping.laying import overlay
from engine.grouping.store import FOUND, load, names
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest
from screens.ports import Workspace


def plan_of(workspace: Workspace, request: EditRequest) -> Plan | None:
    """Plan an edit, which refuses what cannot be done.

    Without cached features, on another edit, and by groups still to be found, only the job can
    plan: None.

    Raises:
        EngineError: It cannot be made; nothing was submitted.
    """
    if request.test_split is not None:
        workspace.split(request.test_split)
    name = request.group_by
    find = name == FOUND and FOUND not in names(workspace.home)
    cache = None if request.on or find else workspace.cache()
    if name is not None and not find:
        grouping = load(workspace.home, name)
        train = workspace.source.train_split
        trained = any(m.value and m.split in ("", train) for m in grouping.members)
        if "training" in EDIT_METHODS.get(request.method).needs and not trained:
            raise RequestError(
                f"The grouping {name} has no value for any image of {train}, on which "
                f"{request.method} trains; make one that has (g in Classes, splits), or take "
                "another method."
            )
        cache = None if cache is None else cache.with_groups(overlay(grouping, cache))
    if cache is None:
        return None
    return make_plan(cache, request, tested=request.test_split is not None)
