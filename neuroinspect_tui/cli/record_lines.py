"""How records look as progress: a line that is replaced by the next one, and a row that stays."""

from typing import Any

from engine.schema.edits import EditEpoch
from engine.schema.records import IllusionStep
from engine.schema.training import TrainEpoch
from screens.words import percent


def line(record: Any) -> str | None:
    """Turn a record into a line of progress."""
    if isinstance(record, IllusionStep):
        return f"drawing {' '.join(map(str, record.neurons))}"
    if isinstance(record, TrainEpoch):
        return f"epoch {record.epoch}"
    if isinstance(record, EditEpoch):
        control = max((o.target or 0 for o in record.controls.values()), default=0)
        return (
            f"selection images: class {percent(record.edit.target)} (best control "
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
