"""Runners on this machine: one process for each queue, started on demand."""

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from neuroinspect_tui.jobs.job import INTERRUPTED, Job
from neuroinspect_tui.jobs.launcher import alive, ensure_runner, runner_log, stop_runners
from neuroinspect_tui.jobs.process import Alive

PEACEFUL = (None, 0, INTERRUPTED, -signal.SIGTERM)
"""Exit codes of runners that live, left, or were stopped."""


@dataclass(frozen=True)
class StartedRunner:
    """A runner that was started just now."""

    process: "subprocess.Popen[bytes]"

    def died(self) -> bool:
        """Tell whether it ended with an error."""
        return self.process.returncode not in PEACEFUL


class LocalExecutor:
    """Runs jobs in detached runner processes of this machine. Implements `Executor`."""

    def ensure(self, home: Path, job: Job) -> StartedRunner | None:
        """Start the queue's runner unless one is alive.

        Raises:
            JobError: It cannot be started.
        """
        process = ensure_runner(home, job.queue)
        return None if process is None else StartedRunner(process)

    def alive(self, home: Path) -> list[Alive]:
        """Return the runners that are alive."""
        return alive(home)

    def stop(self, home: Path) -> int:
        """Ask this host's runners to leave, and wait until they have; return how many.

        Raises:
            JobError: One does not leave.
        """
        return stop_runners(home)

    def why_waiting(self, home: Path, job: Job, before: str) -> str:
        """Name the job before it, or the runner that is about to take it."""
        return f"behind {before}" if before else "for the runner"

    def log(self, home: Path, job: Job) -> Path:
        """Return the log of the queue's runner."""
        return runner_log(home, job.queue)


KIND = LocalExecutor()
