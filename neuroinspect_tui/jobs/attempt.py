"""One attempt at a job, in this process: writes events.jsonl and status.json."""

import contextlib
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import Timeout
from msgspec import structs

from engine.io.atomic import cannot_write
from engine.schema.edits import Edit
from engine.schema.errors import EngineError
from engine.schema.jobs import Record, State
from engine.schema.records import Exported
from neuroinspect_tui.jobs.events import EventLog
from neuroinspect_tui.jobs.job import (
    INTERRUPTED,
    Job,
    JobError,
    Status,
    job_lock,
    read_job,
    read_status,
)
from neuroinspect_tui.jobs.job import write_status as write
from neuroinspect_tui.jobs.process import this_process
from neuroinspect_tui.jobs.progress import JobProgress
from neuroinspect_tui.jobs.signals import Cancelled, Signals
from neuroinspect_tui.program import command_line

BEAT_SECONDS = 0.25
LEAST_SECONDS = 2.0
"""A heartbeat is written at least this often, even where nothing has changed."""
PAUSES = (0.1, 0.3, 1.0, None)
"""Seconds between attempts to write how a job ended: network file systems fail at times."""
log = logging.getLogger(__name__)

Records = Callable[[Job, "Attempt"], Iterator[Record]]


class TakenError(JobError):
    """Another process has the job."""


class Attempt:
    """Runs a job to its end, or until it is stopped.

    Args:
        directory: The job's directory.
        on_over: Called when it is over, before it can be resumed.

    Raises:
        JobError: Another process runs it (`TakenError`), or its directory cannot be used.
    """

    def __init__(self, directory: Path, on_over: Callable[[], None] = lambda: None) -> None:
        self.directory, self._on_over = directory, on_over
        self.job = read_job(directory)
        before = read_status(directory)
        self._spent, self._began = before.seconds, time.monotonic()
        self.status = Status(
            state="running", stage="starting", process=this_process(), began=time.time(),
            seconds=before.seconds,
        )  # fmt: skip
        self.crashed = False
        """Whether it failed by an internal error."""
        self._signals = Signals()
        self._over = threading.Event()
        self._missed = 0
        self.answer: Edit | Exported | None = None
        """The result of an earlier attempt that was killed before its state was `done`."""
        self.on_beat: Callable[[Status], None] = lambda status: None
        """Called at every heartbeat, in its thread."""

    @property
    def stopped(self) -> bool:
        """Whether SIGTERM came, however the job ended."""
        return self._signals.stopped

    def run(self, records: Records) -> State:
        """Write the job's records to their end; return how it ended."""
        lock = job_lock(self.directory)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise TakenError(f"Job {self.job.id} is run by another process already.") from None
        except OSError as error:
            raise JobError(cannot_write(self.directory, error)) from error
        try:
            with self._logged(), self._signals:
                self._begin()
                beat = threading.Thread(target=self._beat, daemon=True)
                beat.start()
                state, why = self._attempt(records)
                self._over.set()
                beat.join()
            self.say(state=state, error=why, seconds_left=None, images_per_second=None, waiting="")
            if state == "done":
                self.say(stage="", step=0, total=0)
            self._end()
            return state
        finally:
            lock.release()

    def _begin(self) -> None:
        try:
            self._publish()
        except OSError as error:
            raise JobError(cannot_write(self.directory, error)) from error

    def _end(self) -> None:
        """Publish how it ended: the one write that no heartbeat repeats."""
        for pause in PAUSES:
            try:
                self._publish()
                self._on_over()
            except OSError as error:
                if pause is None:
                    raise JobError(cannot_write(self.directory, error)) from error
                time.sleep(pause)
            else:
                return

    def say(self, **changes: object) -> None:
        """Change the status; the next heartbeat writes it."""
        seconds = self._spent + time.monotonic() - self._began
        self.status = structs.replace(self.status, seconds=seconds, updated=time.time(), **changes)

    def _attempt(self, records: Records) -> tuple[State, str]:
        try:
            if self._is_unwanted():
                self._signals.wanted = Cancelled
            with self._signals.heeded(), EventLog(self.directory / "events.jsonl") as events:
                self.answer = events.answer
                place = JobProgress(self.job.request)
                for record in records(self.job, self):
                    events.append(record)
                    self.say(**place.of(record))
                    self._signals.check()
            return "done", ""
        except BaseException as error:  # any failure is this job's alone: the next one is run
            if self._signals.wanted is None:
                if not isinstance(error, Exception):
                    raise
                return "failed", self._why(error).encode("utf-8", "replace").decode()
        if self._signals.wanted is Cancelled:  # whatever else failed on the way
            return "cancelled", ""
        home = self.directory.parent.parent
        log.info("stopped; resume with: %s", command_line(home, "jobs", "resume", self.job.id))
        return "interrupted", ""

    def _why(self, error: Exception) -> str:
        """Log a failure, and return it as a sentence."""
        if isinstance(error, (EngineError, OSError)):
            log.error("%s", error)
        if isinstance(error, EngineError):
            return " ".join(str(error).split())
        if isinstance(error, OSError):
            return cannot_write(Path(str(error.filename or self.directory)), error)
        self.crashed = True
        log.error("%s", traceback.format_exc())
        return (
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''} "
            f"(internal error; see {self.directory / 'log.txt'})."
        )

    def _publish(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # the job was deleted meanwhile
            write(self.directory, self.status)

    def _beat(self) -> None:
        """Write the status as it changes; check for `cancel` and for the directory itself."""
        written, at = self.status, time.monotonic()
        while not self._over.wait(BEAT_SECONDS):
            if self._signals.overdue():
                self._leave()
            now = self.status
            if now is not written or time.monotonic() - at > LEAST_SECONDS:
                with contextlib.suppress(OSError, EngineError):  # the next heartbeat tries again
                    self.say()
                    write(self.directory, self.status)
                    written, at = self.status, time.monotonic()
                    self.on_beat(now)
            if self._signals.wanted is None and self._is_unwanted():
                self._signals.wanted = Cancelled
            self._signals.poke()

    def _is_unwanted(self) -> bool:
        """Tell whether `cancel` is there, or the directory was missing twice in a row."""
        try:
            (self.directory / "cancel").stat()
        except FileNotFoundError:
            pass
        except OSError:  # a network file system fails for a moment
            return False
        else:
            return True
        try:
            self.directory.stat()
        except FileNotFoundError:
            self._missed += 1
        except OSError:
            return False
        else:
            self._missed = 0
        return self._missed > 1

    def _leave(self) -> None:
        """End the process where native code keeps Python from handling the signal."""
        try:
            self.say(state="interrupted", seconds_left=None)
            self._publish()
        finally:
            os._exit(INTERRUPTED)

    @contextlib.contextmanager
    def _logged(self) -> Iterator[None]:
        """Write the log, and Python's warnings, to log.txt."""
        handler = logging.FileHandler(self.directory / "log.txt", encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        root = logging.getLogger()
        root.addHandler(handler)
        level = root.level
        root.setLevel(logging.INFO)
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.setLevel(level)
            root.removeHandler(handler)
            with contextlib.suppress(OSError):  # a full disk: the last line is lost
                handler.close()
