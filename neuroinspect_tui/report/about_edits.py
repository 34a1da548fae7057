"""From a workspace to what a report tells of its edits. Only reads what there is. No torch."""

from collections.abc import Sequence
from pathlib import Path

from engine.editing.comparison import retraining_reaches
from engine.features.cache import FeatureCache
from engine.schema.edits import Comparison, Edit
from engine.schema.errors import EngineError
from engine.schema.records import Moved
from neuroinspect_tui.report.facts import EditPart, Shot
from screens.ports import Workspace

MOST = 10
"""Edits of a report, the newest ones."""
MOVED = 8
"""Images fixed that are shown, and as many broken."""


def edit_parts(workspace: Workspace) -> tuple[tuple[EditPart, ...], int]:
    """Return the newest edits, newest first, and how many older ones there are."""
    every = workspace.edits()
    applied = workspace.applied()
    newest = every[::-1][:MOST]
    return (
        tuple(_part(workspace, edit, edit.id == applied) for edit in newest),
        len(every) - len(newest),
    )


def _part(workspace: Workspace, edit: Edit, applied: bool) -> EditPart:
    comparison: Comparison | None = None
    fixed: tuple[Shot, ...] = ()
    broken: tuple[Shot, ...] = ()
    refusal = ""
    try:
        comparison = workspace.compare(edit)
        cache = workspace.cache(edit.provenance.get("reporting_split"))
        if cache is not None:
            fixed, broken = _shots(cache, comparison.fixed), _shots(cache, comparison.broken)
    except EngineError as error:
        refusal = str(error)
    return EditPart(
        edit=edit,
        applied=applied,
        comparison=comparison,
        refusal=refusal,
        retrained=retraining_reaches(edit.variants),
        fixed=fixed,
        broken=broken,
    )


def _shots(cache: FeatureCache, images: Sequence[Moved]) -> tuple[Shot, ...]:
    return tuple(
        Shot(
            cache.picture_of(one.path),
            f"{Path(one.path).name} · {one.true.name}: {one.before.name} → {one.after.name}",
        )
        for one in images[:MOVED]
    )
