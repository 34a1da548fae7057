"""`export`: a whole checkpoint with the edit in it."""

from pathlib import Path
from typing import Annotated

import typer

from neuroinspect_tui.cli.compare import EditKey
from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import print_json, say


def command(
    edit: EditKey,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.safetensors", help="Must not exist yet.")
    ],
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Write a whole timm checkpoint with the edited decision layer.

    Example: neuroinspect-tui export 20261123-101500-zero --out mended.safetensors
    """
    from engine.edits import find_edit
    from engine.requests import ExportRequest
    from neuroinspect_tui.cli.opening import open_workspace
    from neuroinspect_tui.cli.progress import follow

    opened = open_workspace(workspace, "cpu")
    find_edit(opened.home / "edits", edit)  # before torch is loaded for nothing
    request = ExportRequest(edit=edit, out=str(out))
    answer = follow(opened.engine().export(request), first="importing torch")
    if json:
        return print_json(answer)
    say(
        f"{answer.checkpoint} written. Load it with",
        f'  timm.create_model("{opened.source.model}", num_classes=..., checkpoint_path="{out}")',
    )
    return None
