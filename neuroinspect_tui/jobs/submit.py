"""Put a request into the workspace's jobs, and see that something runs it."""

from collections.abc import Sequence
from pathlib import Path

from engine.schema.errors import EngineError
from engine.schema.jobs import Request
from engine.schema.requests import (
    ClipRequest,
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
    Source,
    TrainRequest,
)
from neuroinspect_tui.jobs.executors import EXECUTORS
from neuroinspect_tui.jobs.job import Job
from neuroinspect_tui.jobs.queues import queue_of
from neuroinspect_tui.jobs.store import Store

TAB = "\t"


def submit(
    store: Store,
    request: Request,
    source: Source,
    *,
    classes: Sequence[str] = (),
    out: str | None = None,
    interactive: bool = True,
    ready: bool = False,
) -> Job:
    """Write a job and make sure that it is run.

    Args:
        store: The workspace's jobs.
        request: What is asked.
        source: Names the device, and the executor that runs it.
        classes: Class names, for the job's title.
        out: Where pictures go; None: the workspace's own directories.
        interactive: Whether somebody waits for it: such jobs come first in their queue.
        ready: Whether its result is on disk already: the job is done at once.

    Raises:
        JobError: The workspace cannot be written, or nothing can be started that runs the job.
        RequestError: There is no such executor.
    """
    executor = EXECUTORS.get(source.executor)
    job = store.submit(
        request, title=title_of(request, classes), queue=queue_of(request, source), out=out,
        interactive=interactive, executor=source.executor, ready=ready,
    )  # fmt: skip
    if not ready:
        try:
            executor.ensure(store.home, job)
        except EngineError:
            store.withdraw(job)  # it would wait for ever
            raise
    return job


def resume(store: Store, job_id: str) -> Job:
    """Let a job that was interrupted, cancelled or failed continue where it stopped.

    Raises:
        JobError: It runs, is about to stop, or is done; or nothing can be started that runs it.
        RequestError: Its executor is not installed any more.
    """
    executor = EXECUTORS.get(store.read(job_id).executor)
    job = store.resume(job_id)
    try:
        executor.ensure(store.home, job)
    except EngineError:
        store.tickets.drop(job.queue, job.id)  # it is interrupted again, and can be resumed
        raise
    return job


def title_of(request: Request, classes: Sequence[str]) -> str:
    """Return a line for people."""

    def name(index: int) -> str:
        return classes[index] if 0 <= index < len(classes) else f"class {index}"

    match request:
        case FeaturesRequest(split=split, on=on):
            return f"extract features of {split}{_on(on)}"
        case ClipRequest(split=split, texts=texts, image=image):
            return f"CLIP features of {split}{_and(texts, image)}"
        case HeatRequest(neuron=neuron):
            return f"heat maps of neuron {neuron}"
        case IllusionRequest(class_index=k, neurons=neurons):
            return f"draw {name(k)} x{len(neurons)}"
        case EditRequest(classes=edited, method=method, on=on):
            more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
            which = f" {name(edited[0])}{more}" if edited else ""
            return f"edit{which}, {method}{_on(on)}"
        case ExportRequest(edit=edit):
            return f"export {edit}"
        case TrainRequest(epochs=epochs):
            return f"train {epochs} epochs"


def _and(texts: Sequence[str], image: str | None) -> str:
    if image is not None:
        return f" and of {Path(image).name}"
    if not texts:
        return ""
    return f" and of {texts[0].partition(TAB)[0]!r}" if len(texts) == 1 else " and of words"


def _on(edit: str | None) -> str:
    return "" if edit is None else f" on {edit}"
