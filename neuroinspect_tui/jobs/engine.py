"""JobEngine: the engine's front door, answered by the runner."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from engine.schema.jobs import Request
from engine.schema.protocol import EditJob, ExportJob, FeaturesJob, HeatJob, IllusionJob, TrainJob
from engine.schema.requests import (
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
    Source,
    TrainRequest,
)
from neuroinspect_tui.jobs.follow import follow
from neuroinspect_tui.jobs.job import Job
from neuroinspect_tui.jobs.launcher import ensure_runner
from neuroinspect_tui.jobs.queues import queue_of
from neuroinspect_tui.jobs.store import Store


class JobEngine:
    """Submits to the runner and follows. Implements `engine.schema.protocol.Engine`.

    Args:
        source: The classifier and its images.
        home: The workspace.
        classes: Class names, for the jobs' titles.
    """

    def __init__(self, source: Source, home: Path, classes: Sequence[str] = ()) -> None:
        self.source, self.home, self.classes = source, home, classes
        self.store = Store(home)

    def submit(self, request: Request, *, out: str | None = None, interactive: bool = True) -> Job:
        """Write a job and make sure that it is run.

        Raises:
            JobError: The workspace cannot be written, or no runner can be started.
        """
        queue = queue_of(request, self.source)
        job = self.store.submit(
            request, title=title_of(request, self.classes), queue=queue, out=out,
            interactive=interactive,
        )  # fmt: skip
        ensure_runner(self.home, queue)
        return job

    def _followed(self, request: Request, out: str | None = None) -> Generator[Any, None, None]:
        job = self.submit(request, out=out)
        yield from follow(self.store, job.id)

    def extract(self, request: FeaturesRequest) -> FeaturesJob:
        """Make sure the split's feature cache is on disk."""
        return self._followed(request)

    def heat(self, request: HeatRequest, out: str) -> HeatJob:
        """Write heat maps into `out`; the last record is `Neuron`."""
        return self._followed(request, out)

    def illusion(self, request: IllusionRequest, out: str) -> IllusionJob:
        """Draw what neurons see, into `out`; the last record is `Illusions`."""
        return self._followed(request, out)

    def edit(self, request: EditRequest) -> EditJob:
        """Edit the decision layer; the last record is `Edit`."""
        return self._followed(request)

    def train(self, request: TrainRequest) -> TrainJob:
        """Train the whole model; the last record is `Trained`."""
        return self._followed(request)

    def export(self, request: ExportRequest) -> ExportJob:
        """Write a whole checkpoint with an edit in it; the last record is `Exported`."""
        return self._followed(request)


def title_of(request: Request, classes: Sequence[str]) -> str:
    """Return a line for people."""

    def name(index: int) -> str:
        return classes[index] if 0 <= index < len(classes) else f"class {index}"

    match request:
        case FeaturesRequest(split=split, on=on):
            return f"read {split}{_on(on)}"
        case HeatRequest(neuron=neuron):
            return f"heat maps of {neuron}"
        case IllusionRequest(class_index=k, neurons=neurons):
            return f"draw {name(k)} x{len(neurons)}"
        case EditRequest(classes=some, method=method, on=on):
            more = f" and {len(some) - 1} more" if len(some) > 1 else ""
            which = f" {name(some[0])}{more}" if some else ""
            return f"edit{which}, {method}{_on(on)}"
        case ExportRequest(edit=edit):
            return f"export {edit}"
        case TrainRequest(epochs=epochs):
            return f"train {epochs} epochs"


def _on(edit: str | None) -> str:
    return "" if edit is None else f" on {edit}"
