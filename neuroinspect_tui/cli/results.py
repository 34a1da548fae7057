"""How records read on a terminal: a line of progress, a row that stays, a result."""

from typing import Any

from engine.schema.edits import Edit
from engine.schema.records import Exported, Illusions, Neuron
from engine.schema.training import Trained


def print_result(record: Any) -> None:
    """Print a job's last record as its command does."""
    from neuroinspect_tui.cli.explore import illusion, neuron
    from neuroinspect_tui.cli.repair import edit, export, train

    match record:
        case Illusions():
            illusion.show(record)
        case Edit():
            edit.show(record)
        case Trained():
            train.show(record)
        case Neuron():
            neuron.show(record)
        case Exported():
            export.show(record)
