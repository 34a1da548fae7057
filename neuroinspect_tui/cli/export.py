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
    from engine.edits import find_edit, read_edit
    from engine.errors import EditError
    from neuroinspect_tui.cli.opening import open_workspace

    opened = open_workspace(workspace, "cpu")
    directory = find_edit(opened.home / "edits", edit)
    if out.suffix != ".safetensors":
        raise EditError(f"--out {out} must end in .safetensors: pickles are not written.")
    if out.exists():
        raise EditError(f"{out} exists already; name a new file.")
    record = read_edit(directory)
    opened.engine().export(directory, out)
    if json:
        return print_json({"edit": record.id, "checkpoint": str(out), "after": record.after})
    say(
        f"{out} written. Load it with",
        f'  timm.create_model("{opened.source.model}", num_classes=..., checkpoint_path="{out}")',
    )
    return None
