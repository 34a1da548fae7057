"""Follow a job: the engine's own records, as they come. Closing only stops looking."""

import threading
import time
from collections.abc import Generator

from engine.job_records import Record
from engine.records import Progress
from neuroinspect_tui.jobs.job import JobError, Status, read_events, read_job, read_status
from neuroinspect_tui.jobs.launcher import ensure_runner
from neuroinspect_tui.jobs.store import Store

SHORTEST, LONGEST = 0.02, 0.25
"""Seconds between two looks: quick while records come, slower the longer none does."""
ENSURE_SECONDS = 2.0
PATIENT_SECONDS = 0.5
"""A shorter wait is not worth a word."""


def follow(
    store: Store, job_id: str, stop: threading.Event | None = None
) -> Generator[Record, None, None]:
    """Yield a job's records from its first on; a job that waits gets its runner.

    Args:
        store: The workspace's jobs.
        job_id: Which.
        stop: Set, it ends the looking at once.

    Raises:
        JobError: It failed, was cancelled, or was interrupted.
    """
    directory = store.directory(job_id)
    job = read_job(directory)
    offset, pause, ensured, told = 0, SHORTEST, float("-inf"), ""
    began = time.monotonic()
    stop = stop or threading.Event()
    while not stop.is_set():
        status = read_status(directory)  # before the events: a job that is over has them all
        records, offset = read_events(directory / "events.jsonl", offset)
        yield from records
        if status.state == "done":
            return
        if status.state == "waiting":
            if time.monotonic() - ensured > ENSURE_SECONDS:
                ensure_runner(store.home, job.lane)
                ensured = time.monotonic()
            reason = store.view(job_id).waiting
            if reason != told and time.monotonic() - began > PATIENT_SECONDS:
                told = reason
                yield Progress(stage=f"waiting: {reason}", done=0, total=0, unit="")
        elif status.state != "running":
            raise JobError(sentence(job_id, status))
        elif not directory.exists():
            raise JobError(f"Job {job_id} was removed.")
        pause = SHORTEST if records else min(LONGEST, 1.2 * pause)
        stop.wait(pause)


def sentence(job_id: str, status: Status) -> str:
    """Return why a job gave no result."""
    if status.state == "failed":
        return f"{status.error.rstrip('.')}. Job {job_id}; `jobs resume {job_id}` tries again."
    if status.state == "cancelled":
        return f"Job {job_id} was cancelled; `jobs resume {job_id}` takes it up again."
    at = f" at {status.step:,} of {status.total:,}" if status.total else ""
    return f"Job {job_id} was interrupted{at}; `jobs resume {job_id}` goes on there."
