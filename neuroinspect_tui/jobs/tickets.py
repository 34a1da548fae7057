"""Which jobs wait: a ticket each, so that a runner does not look through a thousand jobs."""

from pathlib import Path

from neuroinspect_tui.jobs.job import Job
from neuroinspect_tui.jobs.queues import file_name


class Tickets:
    """The tickets of one workspace, lane by lane: LANE~0~ID, or ~1~ of jobs nobody waits for.

    Args:
        root: Where they lie.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self) -> None:
        """Make sure that tickets can be put.

        Raises:
            OSError: The workspace cannot be written.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, job: Job) -> None:
        """Put a job in the queue."""
        (self.root / f"{file_name(job.queue)}~{0 if job.interactive else 1}~{job.id}").touch()

    def drop(self, queue: str, job_id: str) -> None:
        """Take a job out of the queue, also one that cannot be read."""
        for name in self._tickets(queue):
            if name.endswith(f"~{job_id}"):
                (self.root / name).unlink(missing_ok=True)

    def waiting(self, queue: str) -> list[str]:
        """Return the jobs a lane is to run, in order: interactive ones first, then by age."""
        return [name.rsplit("~", 1)[1] for name in self._tickets(queue)]

    def before(self) -> dict[str, str]:
        """Return by waiting job the one before it in its lane; empty for the first."""
        found: dict[str, str] = {}
        last: dict[str, str] = {}
        for name in sorted(self._names()):
            queue, job_id = name.split("~", 1)[0], name.rsplit("~", 1)[1]
            found[job_id] = last.get(queue, "")
            last[queue] = job_id
        return found

    def _tickets(self, queue: str) -> list[str]:
        wanted = f"{file_name(queue)}~"
        return sorted(name for name in self._names() if name.startswith(wanted))

    def _names(self) -> list[str]:
        try:
            return [path.name for path in self.root.iterdir() if "~" in path.name]
        except FileNotFoundError:
            return []
