"""What screens need of the program behind them: a workspace's files and its jobs. No torch."""

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

from engine.data.splits import Split
from engine.features.cache import FeatureCache
from engine.schema.edits import Comparison, Edit
from engine.schema.jobs import JobView, Record, Request
from engine.schema.requests import Source


class Workspace(Protocol):
    """A workspace. Any method may raise `EngineError`, whose text is fit to show."""

    home: Path
    source: Source

    def split(self, name: str) -> Split:
        """Return the listing of a split."""
        ...

    def cache(self, split: str | None = None, *, on: str | None = None) -> FeatureCache | None:
        """Return the feature cache of a split; None before its job ran.

        Args:
            split: Its name; None: the evaluation split.
            on: An edit, whose head stands for the checkpoint's.
        """
        ...

    def edits(self) -> list[Edit]:
        """Return all edits, oldest first."""
        ...

    def compare(self, edit: str) -> Comparison:
        """Set an edit against the original, image by image, where it was reported."""
        ...

    def applied(self) -> str | None:
        """Return the id of the edit that was kept, if any."""
        ...

    def apply(self, edit: str | None) -> None:
        """Keep an edit, or with None undo."""
        ...

    def selected(self, class_index: int) -> tuple[int, ...]:
        """Return the neurons ticked for a class."""
        ...

    def select(self, class_index: int, neurons: tuple[int, ...]) -> None:
        """Remember the neurons ticked for a class."""
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
        """Ask a job to stop for good."""
        ...

    def resume(self, job: str) -> None:
        """Let an interrupted, cancelled or failed job go on where it stopped."""
        ...

    def log(self, job: str, lines: int = 20) -> list[str]:
        """Return the end of a job's log."""
        ...

    def runner(self) -> str:
        """Tell in a line which runners are alive, and for how long yet."""
        ...
