"""What screens need of the program behind them: a workspace's files and its jobs. No torch."""

import threading
from collections.abc import Generator, Hashable, Sequence
from pathlib import Path
from typing import Protocol

from engine.clip.image_features import ClipFeatures
from engine.data.splits import Split
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.edits import Comparison, Edit
from engine.schema.jobs import JobView, Record, Request
from engine.schema.requests import Source
from engine.words.space import WordSpace


class Workspace(Protocol):
    """A workspace. Any method may raise `EngineError`, whose text is fit to show."""

    home: Path
    source: Source
    read_only: bool
    """Whether this user may not write here."""
    drafts: dict[Hashable, dict[str, str]]
    """What was typed into forms that were left, by what they are for; gone with the app."""

    def split(self, name: str) -> Split:
        """Return the listing of a split."""
        ...

    def cache(self, split: str | None = None, *, on: str | None = None) -> FeatureCache | None:
        """Return the feature cache of a split; None before its features are extracted.

        Args:
            split: Its name; None: the evaluation split.
            on: An edit, whose head takes the checkpoint's place.
        """
        ...

    def clip_features(self, split: str | None = None) -> ClipFeatures | None:
        """Return the CLIP features of a split; None before they are made (`ClipRequest`).

        Also without a CLIP (`source.has_clip`), and before the split's feature cache is there.

        Args:
            split: Its name; None: the evaluation split.
        """
        ...

    def texts(self, texts: Sequence[str]) -> Array | None:
        """Return CLIP's embeddings (n, E) of texts; None where any is missing (`ClipRequest`)."""
        ...

    def word_space(self) -> WordSpace | None:
        """Return the evaluation split's images and the built-in words in CLIP's space.

        None before they are made (`ClipRequest`), and without a CLIP.
        """
        ...

    def edits(self) -> list[Edit]:
        """Return all edits, oldest first."""
        ...

    def compare(self, edit: Edit) -> Comparison:
        """Compare an edit with what it started from, image by image, on its held-out images."""
        ...

    def applied(self) -> str | None:
        """Return the id of the applied edit, if any."""
        ...

    def apply(self, edit: str | None) -> None:
        """Apply an edit; None: the original decision layer counts again."""
        ...

    def selected(self, class_index: int) -> tuple[int, ...]:
        """Return the neurons selected for a class."""
        ...

    def select(self, class_index: int, neurons: tuple[int, ...]) -> None:
        """Remember the neurons selected for a class."""
        ...

    def selected_images(self, class_index: int) -> tuple[str, ...]:
        """Return the images selected for a class, by their paths below the data's root."""
        ...

    def select_images(self, class_index: int, paths: tuple[str, ...]) -> None:
        """Remember the images selected for a class."""
        ...

    def set_aside(self, path: str) -> None:
        """Let an image of the evaluation split count neither as right nor as wrong."""
        ...

    def bring_back(self, path: str) -> None:
        """Let an image that was set aside count again."""
        ...

    def submit(self, request: Request, *, interactive: bool = True) -> str:
        """Start a job that outlives the app; return its id."""
        ...

    def follow(self, job: str, stop: threading.Event) -> Generator[Record, None, None]:
        """Yield a job's records from its first, then as they come, until `stop` is set."""
        ...

    def jobs(self) -> list[JobView]:
        """Return all jobs, newest first."""
        ...

    def cancel(self, job: str) -> None:
        """Ask a job to stop and not to resume by itself."""
        ...

    def resume(self, job: str) -> None:
        """Resume an interrupted, cancelled or failed job where it stopped."""
        ...

    def log(self, job: str, lines: int = 20) -> list[str]:
        """Return the end of a job's log."""
        ...

    def report(self) -> Path:
        """Write a report, one HTML file, into the workspace; return the file. It takes seconds."""
        ...

    def runner(self) -> str:
        """Return a line that says which runners are alive, and for how long."""
        ...
