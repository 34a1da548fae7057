"""How far a job is, from its records."""

import time

from engine.schema.edits import EditEpoch
from engine.schema.jobs import Record, Request
from engine.schema.records import IllusionStep, Progress
from engine.schema.requests import IllusionRequest
from engine.schema.training import TrainEpoch


class JobProgress:
    """How far a job is: its stage, step, total, and the seconds left."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._first: tuple[str, int, float] | None = None

    def of(self, record: Record) -> dict[str, object]:
        """Return what a record changes in the status."""
        stage, step, total, left = self._read(record)
        speed = self._speed(stage, step)
        if left is None and total and speed:
            left = (total - step) / speed
        images = speed if isinstance(record, Progress) and record.unit == "images" else None
        if isinstance(record, TrainEpoch):
            images = record.images_per_second
        return {
            "stage": stage, "step": step, "total": total, "seconds_left": left,
            "images_per_second": images,
        }  # fmt: skip

    def _read(self, record: Record) -> tuple[str, int, int, float | None]:
        if isinstance(record, Progress):
            return record.stage, record.done, record.total, None
        if isinstance(record, IllusionStep):
            neurons = self.request.neurons if isinstance(self.request, IllusionRequest) else ()
            done = neurons.index(record.neurons[0]) if record.neurons[0] in neurons else 0
            step = done * record.steps + record.step * len(record.neurons)
            return "drawing", step, record.steps * max(1, len(neurons)), None
        if isinstance(record, (EditEpoch, TrainEpoch)):
            stage = "editing" if isinstance(record, EditEpoch) else "training"
            return stage, record.epoch, record.epochs, record.seconds_left
        return "", 1, 1, 0.0

    def _speed(self, stage: str, step: int) -> float | None:
        """Return the steps per second since this stage began in this process."""
        now = time.monotonic()
        if self._first is None or self._first[0] != stage:
            self._first = (stage, step, now)
            return None
        _, first, began = self._first
        return (step - first) / (now - began) if step > first and now > began else None
