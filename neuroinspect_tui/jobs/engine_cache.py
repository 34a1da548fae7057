"""The engine that stays loaded between jobs, and what each kind of job asks of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from engine.editing.store import drop_partial
from engine.io.atomic import folder_digest
from engine.schema.edits import Edit
from engine.schema.jobs import Record, Request
from engine.schema.records import Progress
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
from engine.schema.source_specs import local_directory
from engine.schema.training import Trained
from neuroinspect_tui.jobs.attempt import Attempt
from neuroinspect_tui.jobs.job import Job
from neuroinspect_tui.jobs.lease import leased
from neuroinspect_tui.jobs.queues import device_of
from neuroinspect_tui.workspace import read_source, set_checkpoint

if TYPE_CHECKING:
    from engine.schema.protocol import Engine
    from engine.session import TorchEngine


class EngineCache:
    """Keeps one engine as long as the workspace names the same weights and settings."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._key: object = None
        self._engine: TorchEngine | None = None

    def records(self, job: Job, attempt: Attempt) -> Iterator[Record]:
        """Yield a job's records; none where an earlier attempt ended just before it said `done`.

        Else the edit would be made twice, and the export would find its file there already.
        """
        if attempt.answer is not None:
            if isinstance(attempt.answer, Edit):
                drop_partial(self.home / "edits", attempt.answer.id)
            return
        if self._engine is None:
            yield Progress(stage="importing torch", done=0, total=0, unit="")
        engine = self.engine(job)
        with leased(engine, job, attempt) as waiting:
            yield from waiting
            yield from asked(engine, job.request, job.out, self.home)

    def engine(self, job: Job) -> "TorchEngine":
        """Return the engine for a job: a new one where weights or settings changed."""
        from engine.session import TorchEngine

        source = read_source(self.home)
        source = structs.replace(source, device=device_of(job.queue))
        key = (source, _stamp(source))
        if self._engine is None or key != self._key:
            self._engine = None  # frees its memory before the next one is loaded
            self._engine, self._key = TorchEngine(source, self.home), key
        self._engine.forget_listings()
        return self._engine


def _stamp(source: Source) -> tuple[object, ...]:
    """Return what changes where a file or folder that the source names is replaced."""
    return tuple(map(_changed, (source.checkpoint, source.model, source.clip)))


def _changed(named: str) -> object:
    path = local_directory(named) or Path(named)
    try:
        status = path.stat()
        return folder_digest(path) if path.is_dir() else (status.st_mtime_ns, status.st_size)
    except (OSError, ValueError):
        return None


def asked(engine: "Engine", request: Request, out: str | None, home: Path) -> Iterator[Record]:
    """Ask an engine; a trained checkpoint becomes the workspace's own.

    Args:
        engine: Any engine.
        request: What to ask it.
        out: Where pictures go; None: the workspace's illusions/ and heat/, shared by all jobs.
        home: The workspace.
    """
    match request:
        case FeaturesRequest():
            yield from engine.extract(request)
        case ClipRequest():
            yield from engine.clip(request)
        case HeatRequest():
            yield from engine.heat(request, out or str(home / "heat"))
        case IllusionRequest():
            yield from engine.illusion(request, out or str(home / "illusions"))
        case EditRequest():
            yield from engine.edit(request)
        case ExportRequest():
            yield from engine.export(request)
        case TrainRequest():
            for record in engine.train(request):
                if isinstance(record, Trained):
                    path = Path(record.checkpoint)
                    inside = path.is_relative_to(home)
                    set_checkpoint(home, str(path.relative_to(home) if inside else path))
                yield record
