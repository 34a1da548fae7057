"""`report`: what the workspace knows, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import Workspace
from neuroinspect_tui.cli.output import say


def command(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.html", help="A file that is not there yet.")
    ],
    workspace: Workspace = None,
    class_key: Annotated[
        list[str] | None,
        typer.Option(
            "--class", "-c", metavar="NAME|INDEX", autocompletion=completion.classes,
            help="A class to tell of; may be repeated [default: the worst 20 with mistakes].",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Write what the workspace knows as one HTML file, which works without a network.

    It has the classes, mistakes, neurons, what-if curves, edits and where all of it comes from,
    with pictures. Nothing long is computed: of drawings, heat maps and words it has those that
    exist, and it says which command makes the others.

    Example: neuroinspect-tui report -w ws --out report.html

    Example: neuroinspect-tui report --class "sweet pea" --out pea.html
    """
    from neuroinspect_tui.app.local_workspace import LocalWorkspace
    from neuroinspect_tui.cli.opening import open_workspace
    from neuroinspect_tui.report.writing import write_report

    opened = open_workspace(workspace)
    file = out.expanduser().absolute()
    report = write_report(LocalWorkspace(opened.home), file, class_key or ())
    say(f"{file}: {file.stat().st_size / 1e6:.1f} MB. {report.chosen}")
    lacking = (*report.missing, *(one for part in report.classes for one in part.missing))
    if lacking:
        say(f"It says what is missing ({len(lacking)}), and which commands make it.")
