"""`apply`: keep an edit, or undo."""

from typing import Annotated

import typer

from engine.schema.errors import RequestError
from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import print_json, say


def command(
    edit: Annotated[
        str | None, typer.Argument(metavar="EDIT", help="An edit's id, or how it starts.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="The original counts again.")] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Keep an edit: classes show what it changes. Nothing is lost by it; --undo takes it back.

    Example: neuroinspect-tui keep 20261123-101500-zero
    """
    from neuroinspect_tui.marks import applied_edit, apply_edit
    from neuroinspect_tui.workspace import find_home

    home = find_home(workspace)
    if edit is not None and undo:
        raise RequestError("Either keep an edit or --undo; not both.")
    applied = apply_edit(home, edit) if edit is not None or undo else applied_edit(home)
    if json:
        return print_json({"applied": applied})
    return say(f"{applied} is kept." if applied else "No edit is kept; the original counts.")
