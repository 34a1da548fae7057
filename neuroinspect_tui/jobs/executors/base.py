"""What an executor does: it runs the jobs whose directories the store writes.

The job's directory is the only truth about a job: its state, its records, the request to cancel it
and the checkpoint from which it resumes are the same wherever it runs. An executor only makes sure
that some process runs `neuroinspect-tui jobs run DIRECTORY` or does the same, here or elsewhere.
"""

from pathlib import Path
from typing import Protocol

from neuroinspect_tui.jobs.job import Job
from neuroinspect_tui.jobs.process import Alive


class Started(Protocol):
    """What `ensure` has started just now."""

    def died(self) -> bool:
        """Tell whether it ended by itself before it could take a job."""
        ...


class Executor(Protocol):
    """Runs jobs. One instance serves all workspaces and threads, so it keeps no state of a job."""

    def ensure(self, home: Path, job: Job) -> Started | None:
        """Make sure that a job that waits will be run; called again while it waits.

        Local: starts the queue's runner unless one is alive. Slurm: `sbatch` with `jobs run
        DIRECTORY` as its payload, unless the job's Slurm id, which a file in the job's directory
        remembers, is still in the queue; exit code 75 is a requeue. Ray: submits a task with one
        GPU and the same payload, unless one of this job's id is known.

        Args:
            home: The workspace.
            job: A job that waits.

        Returns:
            What was started, to be asked whether it died; None where nothing had to be, and where
            the executor itself reports what dies.

        Raises:
            JobError: It cannot be started, or is refused, as by an unknown partition.
        """
        ...

    def alive(self, home: Path) -> list[Alive]:
        """Return the processes that serve a workspace's jobs now; empty where it cannot be used.

        Local: the runners, idle or busy. Slurm: the jobs of this workspace that `squeue` lists as
        running, asked at most every 10 s however many apps ask. Ray: its running tasks. Liveness
        is told by the executor itself and by heartbeats, never by comparing two hosts' clocks.
        """
        ...

    def stop(self, home: Path) -> int:
        """End these processes and wait until they are gone; running jobs are interrupted.

        Local: SIGTERM to this host's runners. Slurm: `scancel --signal=TERM --batch`, so that each
        job stops at its checkpoint. Ray: cancels the tasks.

        Returns:
            How many there were.

        Raises:
            JobError: One does not leave.
        """
        ...

    def why_waiting(self, home: Path, job: Job, before: str) -> str:
        """Return in a few words why a job waits that says nothing itself; shown in lists.

        Local: the job before it in its queue. Slurm: the reason that `squeue` gives, such as
        `Resources` or `QOSMaxJobsPerUserLimit`. Ray: the resources that the cluster lacks. It must
        not block: lists ask it about every waiting job, each second.

        Args:
            home: The workspace.
            job: A job that waits.
            before: The id of the job before it in its queue; empty for the first.
        """
        ...

    def log(self, home: Path, job: Job) -> Path:
        """Return the file that gets what a job's process writes outside of the job's own log.

        Local: the runner's log, shared by its jobs. Slurm: the file named with `sbatch --output`.
        Ray: the worker's stderr. Its last line is shown where processes die as they start.
        """
        ...
