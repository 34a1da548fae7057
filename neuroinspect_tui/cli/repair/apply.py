"""`apply`: apply an edit, or undo that."""

from typing import Annotated

import typer

from engine.schema.errors import RequestError
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import print_json, say


def command(
    edit: Annotated[
        str | None,
        typer.Argument(
            metavar="EDIT", autocompletion=completion.edits,
            help="An edit's id, or its beginning (see `edits`) [default: show the applied one].",
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Return to the original model; the edit stays on disk.")
    ] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Apply an edit: the app then shows the classes with it. Nothing is lost; --undo reverts.

    Example: neuroinspect-tui apply 20261123-101500-zero
    """
    from neuroinspect_tui.marks import applied_edit, apply_edit
    from neuroinspect_tui.workspace import find_home

    home = find_home(workspace)
    if edit is not None and undo:
        raise RequestError("Give either an edit to apply or --undo, not both.")
    applied = apply_edit(home, edit) if edit is not None or undo else applied_edit(home)
    if json:
        return print_json({"applied": applied})
    return say(f"{applied} is applied." if applied else "No edit is applied.")
