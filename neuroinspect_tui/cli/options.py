"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from engine.schema.requests import Rows
from neuroinspect_tui.cli.choices import RankingName

Workspace = Annotated[
    Path | None,
    typer.Option(
        "-w", "--workspace", metavar="DIR",
        help="The workspace [default: here, or the nearest parent with workspace.toml].",
    ),
]  # fmt: skip
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Run it as a job that outlives the terminal; print its id."),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout; progress stays on stderr.")
]
ClassKey = Annotated[
    str, typer.Option("--class", "-c", metavar="NAME|INDEX", help="A class, by name or by index.")
]
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
BatchSize = Annotated[
    int, typer.Option("--batch-size", min=0, max=65536, help="Images at once; 0 suits the device.")
]
Workers = Annotated[
    int,
    typer.Option("--workers", min=-1, max=256, help="Decoding processes; -1 suits the machine."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Seed of what is random.")]
