"""How records read on a terminal: a line of progress, a row that stays, a result."""

from typing import Any

from engine.edit_records import Edit, EditEpoch
from engine.records import Exported, Illusions, IllusionStep, Neuron
from engine.train_records import Trained, TrainEpoch
from neuroinspect_tui.cli.output import percent


def line(record: Any) -> str | None:
    """Turn a record into a line of progress."""
    if isinstance(record, IllusionStep):
        return f"drawing {' '.join(map(str, record.neurons))}"
    if isinstance(record, TrainEpoch):
        return f"epoch {record.epoch}"
    if isinstance(record, EditEpoch):
        control = max((o.target or 0 for o in record.controls.values()), default=0)
        return (
            f"choosing images: class {percent(record.edit.target)} (best control "
            f"{percent(control)}), overall {percent(record.edit.overall)}"
        )
    return None


def row(record: Any) -> str | None:
    """Turn an epoch of training into a line that stays."""
    if not isinstance(record, TrainEpoch):
        return None
    found = record.evaluation
    group = "" if found.worst_group is None else f"  worst group {percent(found.worst_group)}"
    return (
        f"epoch {record.epoch:3d}/{record.epochs}  loss {record.loss:.4f}  train "
        f"{percent(record.train_accuracy)}  accuracy {percent(found.overall)}  worst class "
        f"{percent(found.worst_class)}{group}  {record.images_per_second:.0f} images/s"
    )


def print_result(record: Any) -> None:
    """Print a job's last record as its command does."""
    from neuroinspect_tui.cli import edit, export, illusion, neuron, train

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
