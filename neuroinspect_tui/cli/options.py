"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from engine.schema.errors import RequestError
from engine.schema.requests import Rows
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.choices import PictureName, RankingName
from neuroinspect_tui.config import Color as ColorName


def _one_workspace(ctx: typer.Context, workspace: Path | None) -> Path | None:
    """Return the workspace of -w, which may stand before the command or after it.

    Raises:
        RequestError: It stands at both places, and means two directories.
    """
    before: Path | None = ctx.find_root().params.get("workspace")
    if workspace is None or before is None:
        return workspace or before
    if workspace.resolve() != before.resolve():
        raise RequestError(f"-w names two workspaces, {before} and {workspace}; give one.")
    return workspace


def _known_executor(name: str | None) -> str | None:
    from neuroinspect_tui.jobs.executors import EXECUTORS

    if name is not None:
        EXECUTORS.get(name)
    return name


WORKSPACE_HELP = "The workspace [default: this directory, or the nearest parent that is one]."
Workspace = Annotated[
    Path | None,
    typer.Option(
        "-w", "--workspace", metavar="DIR", callback=_one_workspace, help=WORKSPACE_HELP
    ),
]  # fmt: skip
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Run it as a job that outlives the terminal; print its id."),
]
DetachFeatures = Annotated[
    bool,
    typer.Option(
        "--detach",
        help="Extract the features that this reads as a job, and print its id: run the command "
        "again when the job is done.",
    ),
]
Executor = Annotated[
    str | None,
    typer.Option(
        "--executor", metavar="NAME", callback=_known_executor, autocompletion=completion.executors,
        help="With --detach: what runs the job [default: the workspace's].",
    ),
]  # fmt: skip
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; progress is on stderr.")
]
ClassKey = Annotated[
    str,
    typer.Option(
        "--class", "-c", metavar="NAME|INDEX", autocompletion=completion.classes,
        help="A class, by its name or its index.",
    ),
]  # fmt: skip
ByKey = Annotated[RankingName, typer.Option("--by", help="The ranking that orders the neurons.")]
RowsKey = Annotated[
    Rows,
    typer.Option(
        "--rows", help="Which classes may change: affected (the class and its confusions) or all."
    ),
]
Device = Annotated[
    str | None,
    typer.Option("--device", help="auto, cpu, cuda:N or mps [default: the workspace's]."),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group-by", metavar="NAME", autocompletion=completion.groupings,
        help="Go by the groups of a grouping (see `groups`), not by those of the data.",
    ),
]  # fmt: skip
BatchSize = Annotated[
    int, typer.Option("--batch-size", min=0, max=65536, help="Batch size (0: automatic).")
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers", min=-1, max=256,
        help="Processes that decode images (-1: automatic, 0: none but this one).",
    ),
]  # fmt: skip
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Random seed.")]
Color = Annotated[
    ColorName | None,
    typer.Option("--color", help="Colours of the terminal [default: config.toml's]."),
]
SlowLink = Annotated[
    bool | None,
    typer.Option(
        "--slow-link/--no-slow-link", help="Send fewer bytes: smaller pictures, no animation."
    ),
]
Mouse = Annotated[
    bool | None,
    typer.Option("--mouse/--no-mouse", help="Use the mouse; without it the terminal selects text."),
]
Pictures = Annotated[
    PictureName | None,
    typer.Option("--pictures", help="What draws images [default: config.toml's, or auto]."),
]
Theme = Annotated[
    str | None, typer.Option("--theme", metavar="NAME", help="ctrl+p in the app lists them.")
]
