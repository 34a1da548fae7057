"""Who runs a job: this machine's runners, or whatever an entry point adds."""

from pathlib import Path

from engine.schema.errors import EngineError
from engine.schema.registry import Registry
from neuroinspect_tui.jobs.executors.base import Executor
from neuroinspect_tui.jobs.job import Job
from neuroinspect_tui.jobs.process import Alive

EXECUTORS: Registry[Executor] = Registry(
    "neuroinspect_tui.jobs.executors", "neuroinspect_tui.executors", "executor"
)
LOCAL = "local"
"""The default: runners on this machine."""


def alive(home: Path) -> list[Alive]:
    """Return the processes that run a workspace's jobs, of every executor."""
    return [process for executor in EXECUTORS.all().values() for process in executor.alive(home)]


def stop(home: Path) -> int:
    """End these processes; return how many there were.

    Raises:
        JobError: One does not end.
    """
    return sum(executor.stop(home) for executor in EXECUTORS.all().values())


def why_waiting(home: Path, job: Job, before: str) -> str:
    """Return why a job waits, as its executor says; or that this one is not installed."""
    try:
        return EXECUTORS.get(job.executor).why_waiting(home, job, before)
    except EngineError as error:
        return str(error)
