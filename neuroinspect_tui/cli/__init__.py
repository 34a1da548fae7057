"""The commands that work without the app, one file each."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from engine.schema.errors import RequestError
from neuroinspect_tui.cli import experiment, groups, jobs, study
from neuroinspect_tui.cli.options import WORKSPACE_HELP
from neuroinspect_tui.cli.output import say
from neuroinspect_tui.cli.setup import config
from neuroinspect_tui.program import NAME

COMMANDS = {
    "demo": "setup.demo",
    "init": "setup.init",
    "train": "repair.train",
    "classes": "explore.classes",
    "mistakes": "explore.mistakes",
    "neurons": "explore.neurons",
    "neuron": "explore.neuron",
    "words": "explore.words",
    "illusion": "explore.illusion",
    "search": "explore.search",
    "whatif": "explore.whatif",
    "report": "explore.report",
    "edit": "repair.edit",
    "edits": "repair.edits",
    "compare": "repair.compare",
    "apply": "repair.apply",
    "export": "repair.export",
    "doctor": "setup.doctor",
    "open": "setup.open_app",
    "keep": "repair.apply",  # what 0.1 called `apply`
}
"""Each command's module in this package, in the order of --help."""
HIDDEN = ("open", "keep")
"""Commands that --help does not list."""
NAMES = (*COMMANDS, "groups", "study", "jobs", "experiment", "config")

app = typer.Typer(
    name=NAME,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # 0.1 s that no other command needs

        say(f"{NAME} {version(NAME)}")
        raise typer.Exit


@app.callback()
def program(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None, typer.Option("-w", "--workspace", metavar="DIR", help=WORKSPACE_HELP)
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Find, show and repair the neurons behind an image classifier's mistakes.

    neuroinspect-tui [WORKSPACE] opens the app (its options: neuroinspect-tui open --help); the
    commands below do the same things without it.
    """
    del version
    if workspace is not None and ctx.invoked_subcommand in ("demo", "init"):
        raise RequestError(f"`{ctx.invoked_subcommand}` makes a workspace; it takes no -w.")
    if workspace is not None and ctx.invoked_subcommand == "experiment":
        raise RequestError("`experiment` makes workspaces of its own, in --dir; it takes no -w.")
    if workspace is not None and ctx.invoked_subcommand == "config":
        raise RequestError("`config` is about your own settings in all workspaces; it takes no -w.")


app.add_typer(groups.app, name="groups")
app.add_typer(study.app, name="study")
app.add_typer(jobs.app, name="jobs")
app.add_typer(experiment.app, name="experiment")
app.add_typer(config.app, name="config")
for name, module in COMMANDS.items():
    command = import_module(f"{__name__}.{module}").command
    app.command(name=name, hidden=name in HIDDEN)(command)
