"""`edits`: the edits made so far."""

import sys
from pathlib import Path

from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import percent, print_json, say, table


def command(workspace: Workspace = None, json: Json = False) -> None:
    """List the edits of a workspace, oldest first.

    Example: neuroinspect-tui edits -w ws
    """
    from engine.editing.store import list_edits, made_on
    from neuroinspect_tui.workspace import find_home

    home = find_home(workspace)
    _say_what_is_old(home)
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


def _say_what_is_old(home: Path) -> None:
    """Say on stderr how many edits of version 0.1 there are."""
    from neuroinspect_tui.version_0_1 import old_edits_of

    if (sentence := old_edits_of(home)) is not None:
        sys.stderr.write(f"{sentence}\n")
