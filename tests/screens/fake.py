"""A workspace without runner or torch: tests feed its jobs record by record."""

import threading
from collections.abc import Generator, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.clip.image_features import ClipFeatures
from engine.data.splits import Split, open_split
from engine.editing.store import compare_edit, find_edit, list_edits
from engine.evaluation.suspects import mark_aside
from engine.features.aside import read_aside, rows_aside
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.edits import Comparison, Edit
from engine.schema.errors import EngineError
from engine.schema.jobs import JobView, Record, Request, State
from engine.words.space import WordSpace
from neuroinspect_tui import marks
from tests.screens.planted import Planted


@dataclass
class FakeJob:
    """A job that goes on when the test says so."""

    id: str
    request: Request
    state: State = "running"
    error: str = ""
    records: list[Record] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def feed(self, *records: Record) -> None:
        """Let records come."""
        with self.changed:
            self.records += records
            self.changed.notify_all()

    def end(self, state: State = "done", error: str = "") -> None:
        """Let it end."""
        with self.changed:
            self.state, self.error = state, error
            self.changed.notify_all()


class FakeWorkspace:
    """Implements `screens.ports.Workspace` over a planted workspace."""

    def __init__(self, planted: Planted, *, cached: bool = True) -> None:
        self.home, self.source = planted.home, planted.source
        self.planted = planted
        self.read_only = False
        self.drafts: dict[Hashable, dict[str, str]] = {}
        self.cached = cached
        """Whether the feature cache counts as there."""
        self.made: list[FakeJob] = []
        """Every job, oldest first."""
        self.refusal = ""
        """Not empty: `submit` fails with it."""
        self.on_cache: FeatureCache | None = None
        self.clip: ClipFeatures | None = None
        self.words: WordSpace | None = None
        self.embeddings: dict[str, Array] = {}
        """CLIP's, by text."""

    def split(self, name: str) -> Split:
        return open_split(self.source, name)

    def cache(self, split: str | None = None, *, on: str | None = None) -> FeatureCache | None:
        if on is not None:
            return self.on_cache
        if not self.cached:
            return None
        if split == self.source.train_split:
            planted = self.home / "features" / f"planted-{split}"
            return self.planted.cache(split) if planted.exists() else None
        cache = self.planted.cache()
        return cache.without(*rows_aside(read_aside(self.home), "valid", cache.samples))

    def selected_images(self, class_index: int) -> tuple[str, ...]:
        return marks.read_marks(self.home).images.get(str(class_index), ())

    def select_images(self, class_index: int, paths: tuple[str, ...]) -> None:
        marks.select_images(self.home, class_index, paths)

    def set_aside(self, path: str) -> None:
        mark_aside(self.home, self.planted.cache(), path, aside=True)

    def bring_back(self, path: str) -> None:
        mark_aside(self.home, self.planted.cache(), path, aside=False)

    def clip_features(self, split: str | None = None) -> ClipFeatures | None:
        return self.clip if self.cached else None

    def texts(self, texts: Sequence[str]) -> Array | None:
        if not texts or not all(text in self.embeddings for text in texts):
            return None
        return np.stack([self.embeddings[text] for text in texts])

    def word_space(self) -> WordSpace | None:
        return self.words if self.cached else None

    def edits(self) -> list[Edit]:
        return list_edits(self.home / "edits")

    def compare(self, edit: Edit) -> Comparison:
        directory = find_edit(self.home / "edits", edit.id)
        return compare_edit(self.planted.cache(), directory, edit)

    def applied(self) -> str | None:
        return marks.applied_edit(self.home)

    def apply(self, edit: str | None) -> None:
        marks.apply_edit(self.home, edit)

    def selected(self, class_index: int) -> tuple[int, ...]:
        return marks.read_marks(self.home).selected.get(str(class_index), ())

    def select(self, class_index: int, neurons: tuple[int, ...]) -> None:
        marks.select_neurons(self.home, class_index, neurons)

    def job(self, job: str) -> FakeJob:
        """Return a job by its id."""
        return next(some for some in self.made if some.id == job)

    @property
    def last(self) -> FakeJob:
        """The job submitted last."""
        return self.made[-1]

    def submit(self, request: Request, *, interactive: bool = True) -> str:
        if self.refusal:
            raise EngineError(self.refusal)
        self.made.append(FakeJob(f"job{len(self.made):05d}", request))
        return self.made[-1].id

    def follow(self, job: str, stop: threading.Event) -> Generator[Record, None, None]:
        some, at = self.job(job), 0
        while not stop.is_set():
            with some.changed:
                if len(some.records) == at and some.state == "running":
                    some.changed.wait(timeout=0.05)
                fresh, state = some.records[at:], some.state
            yield from fresh
            at += len(fresh)
            if state == "done":
                return
            if state != "running":
                raise EngineError(some.error or f"Job {job} was {state}.")

    def jobs(self) -> list[JobView]:
        return [self.view(some) for some in reversed(self.made)]

    def view(self, some: FakeJob) -> JobView:
        """Return a job as it stands."""
        return JobView(
            id=some.id, kind=str(some.request.__struct_config__.tag), title=f"some {some.id}",
            state=some.state, stage="working" if some.state == "running" else "", step=3,
            total=10, seconds_left=19.0 if some.state == "running" else None, error=some.error,
            created=1_790_000_000.0, seconds=12.0, directory=f"{self.home}/jobs/{some.id}",
            request=some.request,
        )  # fmt: skip

    def cancel(self, job: str) -> None:
        self.job(job).end("cancelled")

    def resume(self, job: str) -> None:
        some = self.job(job)
        with some.changed:
            if some.state == "running":
                raise EngineError(f"Job {job} is running already.")
            some.state, some.error = "running", ""

    def log(self, job: str, lines: int = 20) -> list[str]:
        return self.job(job).lines[-lines:]

    def report(self) -> Path:
        if self.refusal:
            raise EngineError(self.refusal)
        return self.home / "reports" / "report.html"

    def runner(self) -> str:
        return "no runner; the next job starts one"
