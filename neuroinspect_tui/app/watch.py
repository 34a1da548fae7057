"""What the jobs do, for the line on every screen, and which of them have just ended."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.schema.jobs import OVER, JobView, State
from screens.failures import sentence
from screens.ports import Workspace
from screens.words import MARKS, counted, seconds

QUIET = ("heat",)
"""Small jobs that a screen submits by itself: their end is not notified."""


@dataclass(frozen=True)
class JobsSnapshot:
    """The jobs at one moment."""

    line: str
    active: int
    """The number of jobs that wait or run."""
    ended: tuple[JobView, ...]
    """Those that were active, or did not exist, in the last snapshot."""


class Watch:
    """Compares the jobs with the last snapshot; jobs over before the first are not reported."""

    def __init__(self) -> None:
        self._before: dict[str, State] | None = None

    def update(self, jobs: Sequence[JobView]) -> JobsSnapshot:
        """Take the jobs as they are now, newest first."""
        before = self._before
        ended = [] if before is None else [job for job in jobs if _ended(job, before)]
        self._before = {job.id: job.state for job in jobs}
        active = [job for job in jobs if job.state not in OVER]
        return JobsSnapshot(_line(active), len(active), tuple(reversed(ended)))


def _ended(job: JobView, before: dict[str, State]) -> bool:
    if job.state not in OVER or job.state == "unknown":
        return False
    return before.get(job.id, "waiting") not in OVER


def _line(active: Sequence[JobView]) -> str:
    if not active:
        return ""
    # the oldest that runs has been waited for longest
    shown = next((job for job in reversed(active) if job.state == "running"), active[-1])
    at = f"{seconds(shown.seconds_left)} left" if shown.seconds_left is not None else shown.stage
    state = f"{shown.title} {at or shown.state}".strip()
    return f"{counted(len(active), 'job')} · {state}"


def ending(job: JobView) -> str:
    """Return a job's end in a line, such as `✓ edit sweet pea done · J`."""
    if job.state == "failed":
        return f"{MARKS[job.state]} {job.title} failed: {job.error} · J"
    return f"{MARKS[job.state]} {job.title} {job.state} · J"


def watch_jobs(
    workspace: Workspace, every: float, stop: threading.Event, tell: Callable[[JobsSnapshot], None]
) -> None:
    """Read the jobs every so many seconds, until `stop` is set."""
    watch, told = Watch(), ""
    while not stop.is_set():
        began = time.monotonic()
        try:
            snapshot = watch.update(workspace.jobs())
        except Exception as error:  # noqa: BLE001  the next look may do better
            if repr(error) != told:  # else the log would get one a second
                told = repr(error)
                sentence(error)
            snapshot = JobsSnapshot("cannot read the jobs", 0, ())
        if not stop.is_set():
            tell(snapshot)
        # a slow disk must not be read all the time
        stop.wait(max(every, 4 * (time.monotonic() - began)))
