"""`edits`: the edits made so far."""

from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import percent, print_json, say, table


def command(workspace: Workspace = None, json: Json = False) -> None:
    """List the edits of a workspace, oldest first.

    Example: neuroinspect-tui edits -w ws
    """
    from engine.edits import list_edits
    from neuroinspect_tui.workspace import find_home

    home = find_home(workspace)
    found = list_edits(home / "edits")
    if json:
        return print_json(found)
    if not found:
        return say("No edits yet; make one with `edit`.")
    table(
        ("|edit", "class", ">class", "|", ">overall", "|"),
        (
            (
                some.id,
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
