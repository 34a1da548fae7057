"""`edits`: the edits of a workspace."""

from pathlib import Path

from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import note, print_json, say, table
from screens.words import percent


def command(workspace: Workspace = None, json: Json = False) -> None:
    """List the edits of a workspace, oldest first.

    Example: neuroinspect-tui edits -w ws
    """
    from engine.editing.store import list_edits, made_on
    from neuroinspect_tui.program import command_line
    from neuroinspect_tui.workspace import find_home

    home = find_home(workspace)
    _say_what_is_old(home)
    found = list_edits(home / "edits")
    if json:
        return print_json(found)
    if not found:
        return say(f"No edits yet; make one with: {command_line(home, 'edit', '--class', 'NAME')}")
    stacked = any(map(made_on, found))
    table(
        ("|edit", *(("on",) if stacked else ()), "class", ">class", "|", ">overall", "|"),
        (
            (
                edit.id,
                *((made_on(edit) or "",) if stacked else ()),
                ", ".join(label.name for label in edit.classes[:2])
                + (f" +{len(edit.classes) - 2}" if len(edit.classes) > 2 else ""),
                percent(edit.before.target),
                f"→ {percent(edit.after.target)}",
                percent(edit.before.overall),
                f"→ {percent(edit.after.overall)}",
            )
            for edit in found
        ),
    )
    return None


def _say_what_is_old(home: Path) -> None:
    """Say on stderr how many edits of version 0.1 there are."""
    from neuroinspect_tui.version_0_1 import old_edits_of

    if (sentence := old_edits_of(home)) is not None:
        note(sentence)
