"""A job's last record, printed as the command that makes it does."""

from pathlib import Path
from typing import Any

from engine.schema.edits import Edit
from engine.schema.records import Exported, Illusions, Neuron
from engine.schema.training import Trained
from neuroinspect_tui.cli.output import say


def print_result(record: Any, home: Path) -> None:
    """Print a job's last record as its command does; that it is done where it has no result."""
    from neuroinspect_tui.cli.explore import illusion, neuron
    from neuroinspect_tui.cli.repair import edit, export, train

    match record:
        case Illusions():
            illusion.show(record)
        case Edit():
            edit.show(record, home)
        case Trained():
            train.show(record, home)
        case Neuron():
            neuron.show(record)
        case Exported():
            export.show(record)
        case _:
            say("The job is done.")
