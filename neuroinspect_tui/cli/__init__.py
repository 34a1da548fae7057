"""The headless subcommands, one file each."""

import typer

from neuroinspect_tui.cli import jobs
from neuroinspect_tui.cli.explore import classes, illusion, mistakes, neuron, neurons, whatif
from neuroinspect_tui.cli.repair import apply as apply
from neuroinspect_tui.cli.repair import compare, edit, edits, export, train
from neuroinspect_tui.cli.setup import demo, doctor, init
from neuroinspect_tui.cli.setup import open_app as tui

app = typer.Typer(
    name="neuroinspect-tui",
    help="Find, see and mend the neurons behind an image classifier's mistakes.\n\n"
    "neuroinspect-tui [WORKSPACE] opens the app (its options: neuroinspect-tui open --help); "
    "the commands below do the same things without it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    demo, init, train, classes, mistakes, neurons, neuron, illusion, whatif, edit, edits, compare,
    apply, export, doctor,
)  # fmt: skip
app.add_typer(jobs.app, name="jobs")
NAMES = ["jobs", "open"]
for module in COMMANDS:
    NAMES.append(module.__name__.rpartition(".")[2])
    app.command(name=NAMES[-1])(module.command)
app.command(name="open", hidden=True)(tui.command)
