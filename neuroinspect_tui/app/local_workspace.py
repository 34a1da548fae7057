"""What the screens work on: a workspace's files and its jobs. Never imports torch."""

import os
import threading
import time
from collections.abc import Generator, Hashable, Sequence
from pathlib import Path

from msgspec import structs

from engine.clip.image_features import ClipFeatures, open_clip_features
from engine.clip.texts import open_texts
from engine.data.splits import Split, open_split
from engine.editing.store import compare_edit, find_edit, list_edits, made_on
from engine.evaluation.suspects import mark_aside
from engine.features.cache import FeatureCache, open_cache
from engine.schema.arrays import Array
from engine.schema.edits import Comparison, Edit
from engine.schema.errors import EditError, EngineError
from engine.schema.jobs import JobView, Record, Request
from engine.schema.requests import FeaturesRequest
from engine.words.opening import found_space
from engine.words.space import WordSpace
from neuroinspect_tui import marks
from neuroinspect_tui.jobs.executors import alive
from neuroinspect_tui.jobs.follow import follow
from neuroinspect_tui.jobs.process import Alive
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import resume, submit
from neuroinspect_tui.workspace import read_source


class LocalWorkspace:
    """Implements `screens.ports.Workspace`.

    Args:
        home: The workspace.
        device: Instead of the one in workspace.toml.
    """

    def __init__(self, home: Path, device: str | None = None) -> None:
        self.home = home
        self.source = read_source(home)
        if device is not None:
            self.source = structs.replace(self.source, device=device)
        self._splits: dict[str, Split] = {}
        self._caches: dict[tuple[Path, tuple[int, ...]], FeatureCache] = {}
        """By directory, and by the rows that are set aside."""
        self._clip: dict[Path, ClipFeatures] = {}
        self._words: tuple[FeatureCache, WordSpace] | None = None
        self.store = Store(home)
        self.read_only = not os.access(home, os.W_OK)
        self.drafts: dict[Hashable, dict[str, str]] = {}

    def split(self, name: str) -> Split:
        """Return the listing of a split; a job that extracts its features makes it list anew."""
        if name not in self._splits:
            self._splits[name] = open_split(self.source, name)
        return self._splits[name]

    def cache(self, split: str | None = None, *, on: str | None = None) -> FeatureCache | None:
        """Return the feature cache of a split; None before its job ran (`FeaturesRequest`).

        Args:
            split: Its name; None: the evaluation split.
            on: An edit's id: the feature cache with that edit's decision layer.

        Raises:
            EditError: There is no such edit.
        """
        listing = self.split(split or self.source.eval_split)
        whole = None if on is None else find_edit(self.home / "edits", on).name
        cache = open_cache(self.home, self.source, listing, on=whole)
        if cache is None:
            return None
        return self._caches.setdefault((cache.directory, tuple(cache.aside.tolist())), cache)

    def clip_features(self, split: str | None = None) -> ClipFeatures | None:
        """Return the CLIP features of a split; None before their job ran (`ClipRequest`).

        Args:
            split: Its name; None: the evaluation split.
        """
        cache = self.cache(split)
        if cache is None:
            return None
        if cache.directory not in self._clip:
            found = open_clip_features(self.home, self.source, cache)
            if found is None:
                return None
            self._clip[cache.directory] = found
        return self._clip[cache.directory]

    def texts(self, texts: Sequence[str]) -> Array | None:
        """Return CLIP's embeddings (n, E) of texts; None where any is missing (`ClipRequest`)."""
        return open_texts(self.home, self.source, texts)

    def word_space(self) -> WordSpace | None:
        """Return the evaluation split's images and the built-in words; None before they are made.

        Kept once it is there: screens ask anew for each class.
        """
        cache = self.cache()
        if cache is None or not self.source.has_clip:
            return None
        if self._words is None or self._words[0] is not cache:
            found = found_space(cache, self.clip_features(), self.texts)
            if found is None:
                return None
            self._words = (cache, found)
        return self._words[1]

    def edits(self) -> list[Edit]:
        """Return all edits, oldest first."""
        return list_edits(self.home / "edits")

    def compare(self, edit: Edit) -> Comparison:
        """Compare an edit with the original, image by image, on its held-out images.

        Raises:
            EditError: There is no such edit, or no features of those images yet.
        """
        directory = find_edit(self.home / "edits", edit.id)
        cache = self.cache(edit.provenance.get("reporting_split"), on=made_on(edit))
        if cache is None:
            raise EditError(
                f"The features of the images that {directory.name} was evaluated on are not "
                "extracted; run `classes`."
            )
        return compare_edit(cache, directory, edit)

    def applied(self) -> str | None:
        """Return the id of the applied edit, if any."""
        return marks.applied_edit(self.home)

    def apply(self, edit: str | None) -> None:
        """Apply an edit, or with None undo."""
        marks.apply_edit(self.home, edit)

    def selected(self, class_index: int) -> tuple[int, ...]:
        """Return the neurons selected for a class."""
        return marks.read_marks(self.home).selected.get(str(class_index), ())

    def select(self, class_index: int, neurons: tuple[int, ...]) -> None:
        """Remember the neurons selected for a class."""
        marks.select_neurons(self.home, class_index, neurons)

    def selected_images(self, class_index: int) -> tuple[str, ...]:
        """Return the images selected for a class, by their paths below the data's root."""
        return marks.read_marks(self.home).images.get(str(class_index), ())

    def select_images(self, class_index: int, paths: tuple[str, ...]) -> None:
        """Remember the images selected for a class."""
        marks.select_images(self.home, class_index, paths)

    def set_aside(self, path: str) -> None:
        """Let an image of the evaluation split count neither as right nor as wrong."""
        self._mark_aside(path, aside=True)

    def bring_back(self, path: str) -> None:
        """Let an image that was set aside count again."""
        self._mark_aside(path, aside=False)

    def _mark_aside(self, path: str, *, aside: bool) -> None:
        if (cache := self.cache()) is None:
            raise EngineError("The features of these images are gone; go back to extract them.")
        mark_aside(self.home, cache, path, aside=aside)

    def submit(self, request: Request, *, interactive: bool = True) -> str:
        """Start a job that outlives the app; return its id."""
        classes = self.split(self.source.eval_split).classes
        job = submit(self.store, request, self.source, classes=classes, interactive=interactive)
        if isinstance(request, FeaturesRequest):  # the job lists them as they are by then
            self._splits.pop(request.split, None)
        return job.id

    def follow(self, job: str, stop: threading.Event) -> Generator[Record, None, None]:
        """Yield a job's records from its first, then as they come, until `stop` is set."""
        return follow(self.store, job, stop)

    def jobs(self) -> list[JobView]:
        """Return all jobs, newest first."""
        return self.store.views()

    def cancel(self, job: str) -> None:
        """Ask a job to stop for good."""
        self.store.cancel(job)

    def resume(self, job: str) -> None:
        """Let an interrupted or failed job go on where it stopped."""
        resume(self.store, job)

    def log(self, job: str, lines: int = 20) -> list[str]:
        """Return the end of a job's log."""
        return self.store.log(job, lines)

    def report(self) -> Path:
        """Write a report into reports/; return the file.

        Raises:
            EngineError: The features are not there yet, or the workspace cannot be written.
        """
        from neuroinspect_tui.report.writing import write_new  # noqa: PLC0415  matplotlib: 0.5 s

        return write_new(self)

    def runner(self) -> str:
        """Return a line on the runners that are alive, and when each leaves."""
        return " · ".join(map(_status, alive(self.home))) or "no runner; the next job starts one"


def _status(runner: Alive) -> str:
    if runner.idle_since is None:
        return f"runner {runner.queue} busy"
    left = max(0.0, runner.idle_since + runner.idle_seconds - time.time())
    return f"runner {runner.queue} idle, leaves in {left / 60:.0f} min"
