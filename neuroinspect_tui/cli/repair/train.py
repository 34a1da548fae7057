"""`train`: train a classifier."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from engine.schema.requests import Optimizer, Part, Schedule, TrainRequest
from engine.schema.training import Trained
from neuroinspect_tui.cli.options import Detach, Device, Executor, Json, Seed, Workers, Workspace
from neuroinspect_tui.cli.output import print_json, say
from neuroinspect_tui.program import command_line
from screens.words import percent

Recipe = Literal["flowers102", "food101", "waterbirds"]
RECIPES: dict[Recipe, dict[str, Any]] = {
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
"""The settings of the published results."""
Best = Literal["accuracy", "worst-class", "worst-group"]


def command(
    workspace: Workspace = None,
    recipe: Annotated[
        Recipe | None,
        typer.Option("--recipe", help="The published settings; other options override them."),
    ] = None,
    pretrained: Annotated[
        bool | None,
        typer.Option("--pretrained/--scratch", help="Start from timm's weights, or random ones."),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option("--init", metavar="FILE", help="Start from this checkpoint's backbone."),
    ] = None,
    part: Annotated[
        Part | None,
        typer.Option("--part", help="Train the whole model, or its head alone [default: whole]."),
    ] = None,
    optimizer: Annotated[
        Optimizer | None, typer.Option("--optimizer", help="[default: adam]")
    ] = None,
    lr: Annotated[
        float | None, typer.Option("--lr", help="Learning rate [default: 0.001].")
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option("--weight-decay", help="[default: 0]")
    ] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="[default: 32]")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="[default: 20]")] = None,
    schedule: Annotated[
        Schedule | None,
        typer.Option("--schedule", help="How the learning rate falls [default: none]."),
    ] = None,
    min_lr: Annotated[
        float | None, typer.Option("--min-lr", help="Where the cosine schedule ends [default: 0].")
    ] = None,
    augment: Annotated[
        bool | None,
        typer.Option("--augment/--no-augment", help="Rotate, shift and flip images at random."),
    ] = None,
    select: Annotated[
        Best, typer.Option("--select", help="The accuracy that decides which epoch is best.")
    ] = "accuracy",
    patience: Annotated[
        int,
        typer.Option(
            "--patience", min=0, metavar="EPOCHS",
            help="Stop after so many epochs without a better one (0: never).",
        ),
    ] = 0,
    workers: Workers = -1,
    seed: Seed = 0,
    device: Device = None,
    detach: Detach = False,
    executor: Executor = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Train the workspace's model and use its best epoch from then on.

    A run that was stopped continues after its last epoch and gives the same result.

    Example: neuroinspect-tui train --recipe waterbirds --select worst-group
    """
    from neuroinspect_tui.cli.opening import open_workspace

    given = {
        "start": None if pretrained is None else ("pretrained" if pretrained else "scratch"),
        "init": None if init is None else str(init.expanduser().resolve()),
        "part": part, "optimizer": optimizer, "schedule": schedule,
        "lr": lr, "weight_decay": weight_decay, "batch_size": batch_size, "epochs": epochs,
        "min_lr": min_lr, "augment": augment,
    }  # fmt: skip
    published = {} if recipe is None else RECIPES[recipe]
    settings = published | {k: v for k, v in given.items() if v is not None}
    if init is not None:
        settings["start"] = "scratch"
    request = TrainRequest(
        **settings, select=select, patience=patience, workers=workers, seed=seed
    )  # fmt: skip
    opened = open_workspace(workspace, device, detach=detach, executor=executor)
    answer = opened.run(request)
    return print_json(answer) if json else show(answer, opened.home)


def show(answer: Trained, home: Path) -> None:
    """Print how training went."""
    best = answer.best.evaluation
    group = "" if best.worst_group is None else f", worst group {percent(best.worst_group)}"
    say(
        f"Epoch {answer.best_epoch} of {answer.epochs} is the best: accuracy "
        f"{percent(best.overall)}, worst class {percent(best.worst_class)}{group}",
        f"{answer.checkpoint} is now the workspace's checkpoint.",
        f"Next: {command_line(home, 'classes')}",
    )
