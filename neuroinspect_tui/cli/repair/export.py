"""`export`: write a whole checkpoint with an edit in it."""

from pathlib import Path
from typing import Annotated

import typer

from engine.schema.records import Exported
from neuroinspect_tui.cli.options import Detach, Executor, Json, Workspace
from neuroinspect_tui.cli.output import print_json, say
from neuroinspect_tui.cli.repair.compare import EditKey


def command(
    edit: EditKey,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE.safetensors", help="The file to write; it must not exist."
        ),
    ],
    workspace: Workspace = None,
    detach: Detach = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """Write a timm checkpoint with an edited decision layer.

    Example: neuroinspect-tui export 20261123-101500-zero --out fixed.safetensors
    """
    from engine.editing.store import find_edit
    from engine.schema.requests import ExportRequest
    from neuroinspect_tui.cli.opening import open_workspace

    opened = open_workspace(workspace, "cpu", detach=detach, executor=executor)
    find_edit(opened.home / "edits", edit)  # before torch is loaded for nothing
    request = ExportRequest(edit=edit, out=str(out.expanduser().absolute()))
    answer = opened.run(request)
    if json:
        return print_json(answer)
    return show(answer, opened.source.model)


def show(answer: Exported, model: str = "") -> None:
    """Print where the checkpoint is, and how to load it."""
    path = answer.checkpoint
    say(
        f"{path} is written. Load it with:",
        f'  timm.create_model("{model or "MODEL"}", num_classes=..., checkpoint_path="{path}")',
    )
