"""`train`: train a whole classifier."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.schema.errors import RequestError
from engine.schema.requests import Optimizer, Schedule, TrainRequest
from engine.schema.training import Trained
from neuroinspect_tui.cli.options import Detach, Device, Json, Seed, Workers, Workspace
from neuroinspect_tui.cli.output import print_json, say
from neuroinspect_tui.cli.repair.edit import one_of
from screens.words import percent

RECIPES: dict[str, dict[str, Any]] = {
    "flowers102": {
        "start": "pretrained", "batch_size": 128, "lr": 2e-3, "schedule": "cosine",
        "min_lr": 1e-4, "epochs": 20,
    },
    "food101": {
        "start": "pretrained", "batch_size": 128, "lr": 2e-3, "schedule": "cosine",
        "min_lr": 1e-4, "epochs": 30,
    },
    "waterbirds": {
        "start": "pretrained", "batch_size": 32, "lr": 1e-4, "weight_decay": 1e-4, "epochs": 50,
    },
}  # fmt: skip
"""The published settings (METHOD: training behind the published results)."""
SELECTS = ("accuracy", "worst-class", "worst-group")


def command(
    workspace: Workspace = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help=f"Published settings: {', '.join(RECIPES)}; what you give "
                     "beside it counts more."),
    ] = None,
    pretrained: Annotated[
        bool | None, typer.Option("--pretrained/--scratch", help="Begin with timm's own weights.")
    ] = None,
    init: Annotated[
        Path | None, typer.Option("--init", metavar="FILE", help="Begin with its backbone.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option("--optimizer", help="adam, adamw, sgd.")] = None,
    lr: Annotated[float | None, typer.Option("--lr", help="[default: 0.001]")] = None,
    weight_decay: Annotated[
        float | None, typer.Option("--weight-decay", help="[default: 0]")
    ] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="[default: 32]")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="[default: 20]")] = None,
    schedule: Annotated[
        str | None, typer.Option("--schedule", help="none or cosine [default: none].")
    ] = None,
    min_lr: Annotated[
        float | None, typer.Option("--min-lr", help="Where cosine ends [default: 0].")
    ] = None,
    augment: Annotated[
        bool | None, typer.Option("--augment/--no-augment", help="Turn, shift and flip.")
    ] = None,
    select: Annotated[
        str, typer.Option("--select", help=f"The best epoch's: {', '.join(SELECTS)}.")
    ] = "accuracy",
    patience: Annotated[
        int, typer.Option("--patience", min=0, help="Stop after so many no better; 0: never.")
    ] = 0,
    workers: Workers = -1,
    seed: Seed = 0,
    device: Device = None,
    detach: Detach = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Train the workspace's model, keep the best epoch, and use it from now on.

    A run that was stopped goes on after its last epoch and ends the same.

    Example: neuroinspect-tui train --recipe waterbirds --select worst-group
    """
    from neuroinspect_tui.cli.opening import open_workspace

    if recipe is not None and recipe not in RECIPES:
        raise RequestError(f"--recipe {recipe!r} is none of {', '.join(RECIPES)}.")
    if select not in SELECTS:
        raise RequestError(f"--select {select!r} is none of {', '.join(SELECTS)}.")
    given = {
        "start": None if pretrained is None else ("pretrained" if pretrained else "scratch"),
        "init": None if init is None else str(init.expanduser().resolve()),
        "optimizer": optimizer and one_of(optimizer, Optimizer, "--optimizer"),
        "schedule": schedule and one_of(schedule, Schedule, "--schedule"),
        "lr": lr, "weight_decay": weight_decay, "batch_size": batch_size, "epochs": epochs,
        "min_lr": min_lr, "augment": augment,
    }  # fmt: skip
    settings = RECIPES.get(recipe or "", {}) | {k: v for k, v in given.items() if v is not None}
    if init is not None:
        settings["start"] = "scratch"
    request = TrainRequest(
        **settings, select=select, patience=patience, workers=workers, seed=seed  # type: ignore[arg-type]
    )  # fmt: skip
    opened = open_workspace(workspace, device, detach=detach)
    answer = opened.run(request)
    return print_json(answer) if json else show(answer)


def show(answer: Trained) -> None:
    """Print how training went."""
    best = answer.best.evaluation
    group = "" if best.worst_group is None else f", worst group {percent(best.worst_group)}"
    say(
        f"epoch {answer.best_epoch} of {answer.epochs} is best: accuracy {percent(best.overall)}, "
        f"worst class {percent(best.worst_class)}{group}",
        f"{answer.checkpoint} is the workspace's checkpoint now",
        "Next: neuroinspect-tui classes",
    )
