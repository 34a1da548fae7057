"""Follow a job: the engine's own records, as they come. Closing only stops looking."""

import signal
import subprocess
import threading
import time
from collections.abc import Generator

from engine.schema.jobs import JobView, Record
from engine.schema.records import Progress
from neuroinspect_tui.jobs.events import read_events
from neuroinspect_tui.jobs.job import INTERRUPTED, Job, JobError, read_job
from neuroinspect_tui.jobs.launcher import ensure_runner, runner_log
from neuroinspect_tui.jobs.store import Store

SHORTEST, LONGEST = 0.02, 0.25
"""Seconds between two looks: quick while records come, slower the longer none does."""
ENSURE_SECONDS = 2.0
DEATHS = 3
"""So many runners that fail as they start are no chance."""
PEACEFUL = (None, 0, INTERRUPTED, -signal.SIGTERM)
"""Exit codes of runners that live, left, or were stopped."""
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
    began, started, doubted = time.monotonic(), list[subprocess.Popen[bytes]](), False
    stop = stop or threading.Event()
    while not stop.is_set():
        if not directory.exists():
            raise JobError(f"Job {job_id} was removed.")
        now = store.view(job_id)  # before the events: a job that is over has them all
        records, offset = read_events(directory / "events.jsonl", offset)
        yield from records
        if now.state == "done":
            return
        if now.state == "waiting":
            if time.monotonic() - ensured > ENSURE_SECONDS:
                started += filter(None, [ensure_runner(store.home, job.queue)])
                ensured = time.monotonic()
            if sum(runner.returncode not in PEACEFUL for runner in started) >= DEATHS:
                raise JobError(_died(store, job))
            if now.waiting != told and time.monotonic() - began > PATIENT_SECONDS:
                told = now.waiting
                yield Progress(stage=f"waiting: {told}", done=0, total=0, unit="")
        elif now.state == "interrupted" and not doubted:
            doubted = True  # between two writes of one who resumes it, it looks so as well
        elif now.state != "running":
            raise JobError(sentence(now))
        pause = SHORTEST if records else min(LONGEST, 1.2 * pause)
        stop.wait(pause)


def _died(store: Store, job: Job) -> str:
    log = runner_log(store.home, job.queue)
    last = log.read_text("utf-8", "replace").rstrip().rpartition("\n")[2] if log.exists() else ""
    return f"Job {job.id} waits, but its runners die as they start: {last} (the end of {log})."


def sentence(job: JobView) -> str:
    """Return why a job gave no result."""
    if job.state == "unknown":
        return job.error
    if job.state == "failed":
        return f"{job.error.rstrip('.')}. Job {job.id}; `jobs resume {job.id}` tries again."
    if job.state == "cancelled":
        return f"Job {job.id} was cancelled; `jobs resume {job.id}` takes it up again."
    at = f" at {job.step:,} of {job.total:,}" if job.total else ""
    return f"Job {job.id} was interrupted{at}; `jobs resume {job.id}` goes on there."
