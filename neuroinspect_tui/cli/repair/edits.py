"""`edits`: the edits made so far."""

from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import print_json, say, table
from screens.words import percent


def command(workspace: Workspace = None, json: Json = False) -> None:
    """List the edits of a workspace, oldest first.

    Example: neuroinspect-tui edits -w ws
    """
    from engine.editing.store import list_edits, made_on
    from neuroinspect_tui.workspace import find_home

    home = find_home(workspace)
    found = list_edits(home / "edits")
    if json:
        return print_json(found)
    if not found:
        return say("No edits yet; make one with `edit`.")
    stacked = any(map(made_on, found))
    table(
        ("|edit", *(("on",) if stacked else ()), "class", ">class", "|", ">overall", "|"),
        (
            (
                some.id,
                *((made_on(some) or "",) if stacked else ()),
                ", ".join(label.name for label in some.classes[:2])
                + (f" +{len(some.classes) - 2}" if len(some.classes) > 2 else ""),
                percent(some.before.target),
                f"→ {percent(some.after.target)}",
                percent(some.before.overall),
                f"→ {percent(some.after.overall)}",
            )
            for some in found
        ),
    )
    return None
