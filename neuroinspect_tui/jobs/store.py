"""The jobs of a workspace: jobs/<id>/. The files alone tell everything."""

import contextlib
import shutil
import time
from pathlib import Path

from filelock import Timeout
from msgspec import structs

from engine.io.atomic import cannot_write
from engine.schema.jobs import JobView, Request
from neuroinspect_tui.jobs.executors import LOCAL, why_waiting
from neuroinspect_tui.jobs.job import (
    TICKS,
    Job,
    JobError,
    Status,
    is_id,
    job_lock,
    lives,
    new_id,
    pretty,
    read_job,
    read_status,
    write_status,
)
from neuroinspect_tui.jobs.tickets import Tickets
from neuroinspect_tui.program import command_line

LASTING = ("done", "failed", "cancelled")
"""States that last until status.json is written again; `interrupted` may also be deduced."""

LEAVING_SECONDS = 5.0
"""More than a job takes to stop."""


class Store:
    """The jobs of one workspace."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "jobs"
        self.tickets = Tickets(self.root / "queue")
        self._over: dict[str, tuple[tuple[int, int], JobView]] = {}
        """Jobs that are over, each with its status.json's time and inode: lists that are made every
        second do not read a thousand jobs again."""

    def submit(
        self,
        request: Request,
        *,
        title: str,
        queue: str,
        out: str | None,
        interactive: bool,
        executor: str = LOCAL,
        ready: bool = False,
    ) -> Job:
        """Write a job and its ticket; one whose result is `ready` is done and needs none.

        Raises:
            JobError: The workspace is gone or cannot be written.
        """
        now = time.time()
        if not self.home.is_dir():
            raise JobError(f"The workspace {self.home} is gone.")
        try:
            self.tickets.make()
            name, hidden = self._take_id(now)
            try:
                job = Job(id=name, title=title, request=request, queue=queue, out=out,
                          interactive=interactive, created=now, executor=executor)  # fmt: skip
                (hidden / "job.json").write_bytes(pretty(job))
                (hidden / "status.json").write_bytes(
                    pretty(Status(state="done" if ready else "waiting", updated=now))
                )
                hidden.rename(self.root / name)
                if not ready:
                    self.tickets.put(job)
            except BaseException:
                for half in (hidden, self.root / name):
                    shutil.rmtree(half, ignore_errors=True)
                raise
        except OSError as error:
            raise JobError(cannot_write(self.root, error)) from error
        except UnicodeEncodeError as error:
            raise JobError(
                "A job is stored as UTF-8, but its request has a name that is not UTF-8; rename it."
            ) from error
        return job

    def withdraw(self, job: Job) -> None:
        """Remove a job that nothing can run."""
        with contextlib.suppress(OSError):
            self.tickets.drop(job.queue, job.id)
            shutil.rmtree(self.root / job.id, ignore_errors=True)

    def _take_id(self, now: float) -> tuple[str, Path]:
        """Return the first free id from now on, and the job's hidden directory."""
        while True:
            name = new_id(now)
            hidden = self.root / f".{name}"
            with contextlib.suppress(
                FileExistsError
            ):  # of two submitters at once, one goes to the next id
                hidden.mkdir()
                if not (self.root / name).exists():
                    return name, hidden
                hidden.rmdir()
            now += 1 / TICKS

    def directory(self, job_id: str) -> Path:
        """Return a job's directory.

        Raises:
            JobError: No such job.
        """
        path = self.root / job_id
        if (
            not job_id
            or "/" in job_id
            or job_id.startswith(".")
            or not (path / "job.json").is_file()
        ):
            raise JobError(self._unknown(job_id))
        return path

    def find(self, wanted: str) -> str:
        """Return the id of a job, from the id or from its first or last letters.

        Jobs of one day have the same first letters; the last ones differ.

        Raises:
            JobError: No job has them, or several do.
        """
        names = self._names()
        if wanted in names and (self.root / wanted / "job.json").is_file():
            return wanted
        hits = [
            name for name in names if wanted and (name.startswith(wanted) or name.endswith(wanted))
        ]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise JobError(
                f"{len(hits)} jobs start or end with {wanted!r}: {', '.join(hits[:4])}; "
                "give more letters."
            )
        raise JobError(self._unknown(wanted))

    def _unknown(self, wanted: str) -> str:
        jobs = command_line(self.home, "jobs", "list")
        return f"No job {wanted!r} in {self.home}; list the jobs with: {jobs}"

    def _names(self) -> list[str]:
        """Return all job ids, newest first."""
        try:
            names = [path.name for path in self.root.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JobError(f"Cannot read {self.root}: {error.strerror}.") from error
        return sorted(filter(is_id, names), reverse=True)

    def read(self, job_id: str) -> Job:
        """Read job.json.

        Raises:
            JobError: Missing, damaged, or from a newer version.
        """
        return read_job(self.directory(job_id))

    def status(self, job_id: str) -> Status:
        """Read a job's status; a running job whose process died is interrupted."""
        return read_status(self.root / job_id)

    def views(self) -> list[JobView]:
        """Return all jobs, newest first; one that cannot be read is `unknown`."""
        queued = self.tickets.before()
        return [self._known(name) or self._view(name, queued) for name in self._names()]

    def _known(self, job_id: str) -> JobView | None:
        """Return the view of a job that was over when last read, and has not changed since."""
        stamp, view = self._over.get(job_id, (None, None))
        return view if view is not None and stamp == self._stamp(job_id) else None

    def _stamp(self, job_id: str) -> tuple[int, int]:
        try:
            status = (self.root / job_id / "status.json").stat()
        except OSError:
            return (0, 0)
        return status.st_mtime_ns, status.st_ino

    def view(self, job_id: str) -> JobView:
        """Return one job."""
        self.directory(job_id)
        return self._view(job_id, self.tickets.before())

    def _view(self, job_id: str, queued: dict[str, str]) -> JobView:
        directory, stamp = self.root / job_id, self._stamp(job_id)
        try:
            job = read_job(directory)
        except JobError as error:
            return JobView(id=job_id, kind="", title="", state="unknown", error=str(error),
                           directory=str(directory))  # fmt: skip
        now = read_status(directory)
        state, waiting = now.state, now.waiting
        if state == "waiting" and job_id not in queued and not lives(directory, now):
            state = "interrupted"  # its submitter died between its files and its ticket
        elif state == "waiting" and not waiting:
            waiting = why_waiting(self.home, job, queued.get(job_id, ""))
        view = JobView(
            id=job.id, kind=str(job.request.__struct_config__.tag), title=job.title, state=state,
            stage=now.stage, step=now.step, total=now.total,
            seconds_left=now.seconds_left if state == "running" else None,
            images_per_second=now.images_per_second if state == "running" else None,
            waiting=waiting if state == "waiting" else "", error=now.error, created=job.created,
            seconds=now.seconds if now.began is not None else None,
            directory=str(directory), request=job.request,
        )  # fmt: skip
        if state in LASTING:
            self._over[job_id] = stamp, view
        return view

    def log(self, job_id: str, lines: int = 20) -> list[str]:
        """Return the end of a job's log."""
        try:
            with (self.root / job_id / "log.txt").open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - 400 * lines))
                return file.read().decode("utf-8", "replace").splitlines()[-lines:]
        except OSError:
            return []

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; one that waits never starts."""
        directory = self.directory(job_id)
        job, now = read_job(directory), read_status(directory)
        if now.state in ("done", "failed", "cancelled"):
            raise JobError(f"Job {job_id} is {now.state} already; there is nothing to cancel.")
        try:
            (directory / "cancel").touch()
            if now.state != "running":
                self.tickets.drop(job.queue, job_id)
                write_status(directory, structs.replace(now, state="cancelled"))
        except OSError as error:
            raise JobError(cannot_write(directory, error)) from error

    def resume(self, job_id: str) -> Job:
        """Put a job that was interrupted, cancelled or failed into its queue again.

        Raises:
            JobError: It runs, is about to stop, or is done.
        """
        directory = self.directory(job_id)
        job, state = read_job(directory), self.view(job_id).state
        if state == "done":
            raise JobError(f"Job {job_id} is done; there is nothing to resume.")
        if state == "running":
            raise JobError(
                f"Job {job_id} is running already; follow it with: "
                + command_line(self.home, "jobs", "follow", job_id)
            )
        if state == "waiting":
            return job
        try:
            with job_lock(directory).acquire(timeout=LEAVING_SECONDS):
                now = read_status(directory)
                if now.state == "done":  # somebody else has resumed it meanwhile
                    return job
                (directory / "cancel").unlink(missing_ok=True)
                fresh = structs.replace(now, state="waiting", error="", process=None, stage="")
                write_status(directory, fresh)
            self.tickets.put(job)  # now that the job can be run
        except Timeout:
            raise JobError(f"Job {job_id} is about to stop; try again in a moment.") from None
        except OSError as error:
            raise JobError(cannot_write(directory, error)) from error
        return job

    def prune(self, keep_days: float) -> list[str]:
        """Remove jobs that are over and older than so many days; return their ids."""
        oldest = time.time() - 86400 * keep_days
        old = (view for view in self.views() if view.state in LASTING and view.created < oldest)
        gone = [view.id for view in old if self._remove(view.id)]
        for hidden in self.root.glob(
            ".*"
        ):  # left by a process that was killed as it submitted or pruned
            if hidden.is_dir() and hidden.stat().st_mtime < min(oldest, time.time() - 86400):
                shutil.rmtree(hidden, ignore_errors=True)
        return gone

    def _remove(self, job_id: str) -> bool:
        """Remove a job's directory, unless it runs again by now."""
        directory, hidden = self.root / job_id, self.root / f".gone-{job_id}"
        try:
            with job_lock(directory).acquire(timeout=0):
                if read_status(directory).state not in LASTING:
                    return False
                directory.rename(hidden)  # first, so that no half of a job is ever seen
            shutil.rmtree(hidden)
        except Timeout:
            return False
        except OSError as error:
            raise JobError(f"Cannot remove {directory}: {error.strerror}.") from error
        return True
