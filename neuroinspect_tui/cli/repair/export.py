"""`export`: write a whole checkpoint with an edit in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.schema.records import Exported
from engine.schema.source_specs import local_directory
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
    return show(answer, opened.source.model, opened.source.model_args)


def show(answer: Exported, model: str = "", model_args: Mapping[str, object] | None = None) -> None:
    """Print where the checkpoint is, and how to load it."""
    path = answer.checkpoint
    more = "".join(f", {name}={value!r}" for name, value in (model_args or {}).items())
    load = (
        f'timm.create_model("{model or "MODEL"}", num_classes=..., checkpoint_path="{path}"{more})'
    )
    if _of_transformers(model):
        load = f"neuroinspect-tui init DIR --model {model} --checkpoint {path} --data DATA"
    say(f"{path} is written. Load it with:", f"  {load}")


def _of_transformers(model: str) -> bool:
    """Return whether a model is a folder that transformers saved, which timm cannot build."""
    local = local_directory(model)
    if local is None:
        return False
    try:
        config = msgspec.json.decode((local / "config.json").read_bytes())
    except (OSError, msgspec.DecodeError):
        return False
    return isinstance(config, dict) and "model_type" in config
