"""The jobs that wait, one empty file each: a runner need not read a thousand jobs' states."""

from pathlib import Path

from neuroinspect_tui.jobs.job import Job, JobError
from neuroinspect_tui.jobs.queues import file_name


class Tickets:
    """The tickets of one workspace: QUEUE~0~ID of interactive jobs, QUEUE~1~ID of all others.

    Args:
        root: The directory of the tickets.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self) -> None:
        """Make the directory.

        Raises:
            OSError: The workspace cannot be written.
        """
        self.root.mkdir(parents=True, exist_ok=True)

    def put(self, job: Job) -> None:
        """Put a job in the queue."""
        (self.root / f"{file_name(job.queue)}~{0 if job.interactive else 1}~{job.id}").touch()

    def drop(self, queue: str, job_id: str) -> None:
        """Take a job out of the queue, even one whose files cannot be read."""
        for name in self._tickets(queue):
            if name.endswith(f"~{job_id}"):
                (self.root / name).unlink(missing_ok=True)

    def waiting(self, queue: str) -> list[str]:
        """Return the jobs that wait in a queue, in order: interactive ones first, then by age."""
        return [name.rsplit("~", 1)[1] for name in self._tickets(queue)]

    def before(self) -> dict[str, str]:
        """Return, for each job that waits, the one before it in its queue; empty for the first."""
        before: dict[str, str] = {}
        last: dict[str, str] = {}
        for name in sorted(self._names()):
            queue, job_id = name.split("~", 1)[0], name.rsplit("~", 1)[1]
            before[job_id] = last.get(queue, "")
            last[queue] = job_id
        return before

    def _tickets(self, queue: str) -> list[str]:
        wanted = f"{file_name(queue)}~"
        return sorted(name for name in self._names() if name.startswith(wanted))

    def _names(self) -> list[str]:
        try:
            return [path.name for path in self.root.iterdir() if "~" in path.name]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JobError(f"Cannot read {self.root}: {error.strerror}.") from error
