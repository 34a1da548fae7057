"""Follow a job: the engine's own records, as they come. Closing this does not stop the job."""

import threading
import time
from collections.abc import Generator
from pathlib import Path

from engine.schema.jobs import JobView, Record
from engine.schema.records import Progress
from neuroinspect_tui.jobs.events import read_events
from neuroinspect_tui.jobs.executors import EXECUTORS
from neuroinspect_tui.jobs.executors.base import Executor, Started
from neuroinspect_tui.jobs.job import Job, JobError, read_job
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.program import command_line

SHORTEST, LONGEST = 0.02, 0.25
"""Seconds between two looks: quick while records come, slower the longer none does."""
ENSURE_SECONDS = 2.0
DEATHS = 3
"""After so many processes that died as they started, more would die too."""
PATIENT_SECONDS = 0.5
"""A shorter wait is not reported."""


def follow(
    store: Store, job_id: str, stop: threading.Event | None = None
) -> Generator[Record, None, None]:
    """Yield a job's records from its first on; its executor is asked to run it while it waits.

    Args:
        store: The workspace's jobs.
        job_id: Which job.
        stop: Once set, this ends; the job does not.

    Raises:
        JobError: It failed, was cancelled, or was interrupted; or nothing that runs it stays alive.
        RequestError: Its executor is not installed.
    """
    directory = store.directory(job_id)
    job = read_job(directory)
    offset, pause, ensured, told = 0, SHORTEST, float("-inf"), ""
    began, started, doubted = time.monotonic(), list[Started](), False
    executor = EXECUTORS.get(job.executor)
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
                started += filter(None, [executor.ensure(store.home, job)])
                ensured = time.monotonic()
            if sum(process.died() for process in started) >= DEATHS:
                raise JobError(_died(executor, store, job))
            if now.waiting != told and time.monotonic() - began > PATIENT_SECONDS:
                told = now.waiting
                yield Progress(stage=f"waiting: {told}", done=0, total=0, unit="")
        elif now.state == "interrupted" and not doubted:
            doubted = True  # between two writes of one who resumes it, it looks so as well
        elif now.state != "running":
            raise JobError(sentence(now))
        pause = SHORTEST if records else min(LONGEST, 1.2 * pause)
        stop.wait(pause)


def _died(executor: Executor, store: Store, job: Job) -> str:
    log = executor.log(store.home, job)
    last = log.read_text("utf-8", "replace").rstrip().rpartition("\n")[2] if log.exists() else ""
    return f"Job {job.id} waits, but its runners die as they start: {last} (the end of {log})."


def sentence(job: JobView) -> str:
    """Return why a job gave no result."""
    if job.state == "unknown":
        return job.error
    again = command_line(Path(job.directory).parent.parent, "jobs", "resume", job.id)
    if job.state == "failed":
        return f"{job.error.rstrip('.')}. Job {job.id} failed; try again with: {again}"
    if job.state == "cancelled":
        return f"Job {job.id} was cancelled; resume it with: {again}"
    at = f" at {job.step:,} of {job.total:,}" if job.total else ""
    return f"Job {job.id} was interrupted{at}; resume it with: {again}"
