"""One attempt at a job, in this process: records to events.jsonl, the state to status.json."""

import contextlib
import logging
import os
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import msgspec
from filelock import Timeout
from msgspec import structs

from engine.edit_records import Edit, EditEpoch
from engine.errors import EngineError
from engine.files import cannot_write
from engine.job_records import Record, Request, State
from engine.records import Exported, IllusionStep, Progress
from engine.requests import IllusionRequest
from engine.train_records import TrainEpoch
from neuroinspect_tui.jobs.job import (
    Job,
    JobError,
    Status,
    job_lock,
    read_events,
    read_job,
    read_status,
)
from neuroinspect_tui.jobs.job import write_status as write
from neuroinspect_tui.jobs.process import this_process

BEAT_SECONDS = 0.25
LEAST_SECONDS = 2.0
"""At least as often a heartbeat, also where nothing is new."""
GRACE_SECONDS = 4.0
"""From SIGTERM until a computation that does not listen is left where its checkpoint is."""
INTERRUPTED = 75

Records = Callable[[Job, "Attempt"], Iterator[Record]]


class Stopped(BaseException):
    """SIGTERM came: the job is left where its checkpoint is."""


class Cancelled(BaseException):
    """The job is not wanted any more."""


class Attempt:
    """Runs a job of `directory` to its end, or to where it is stopped.

    Args:
        directory: The job's.
        on_over: Called when it is over, before anyone may resume it.

    Raises:
        JobError: Another process runs it, or its directory cannot be used.
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
        self.stopped = False
        """Whether SIGTERM came, however the job ended."""
        self._over = threading.Event()
        self._armed = False
        self._early: type[BaseException] | None = None
        self.answer: Edit | Exported | None = None
        """Of an earlier attempt, killed before it could say that it was done."""
        self.on_beat: Callable[[Status], None] = lambda status: None
        """Called at every heartbeat, in its thread."""

    def run(self, records: Records) -> State:
        """Take the job's records to their end; return how it ended."""
        lock = job_lock(self.directory)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise JobError(f"Job {self.job.id} is run by another process already.") from None
        except OSError as error:
            raise JobError(cannot_write(self.directory, error)) from error
        try:
            with self._logged(), self._signalled():
                self._publish()
                beat = threading.Thread(target=self._beat, daemon=True)
                beat.start()
                state, why = self._attempt(records)
                self._over.set()
                beat.join()
            self.say(state=state, error=why, seconds_left=None, images_per_second=None, waiting="")
            if state == "done":
                self.say(stage="", step=0, total=0)
            self._publish()
            self._on_over()
            return state
        finally:
            lock.release()

    def say(self, **changes: object) -> None:
        """Change the status; the next heartbeat writes it."""
        seconds = self._spent + time.monotonic() - self._began
        self.status = structs.replace(self.status, seconds=seconds, updated=time.time(), **changes)

    def _attempt(self, records: Records) -> tuple[State, str]:
        log = logging.getLogger(__name__)
        try:
            self._armed = True
            if self._early is not None:
                raise self._early
            if (self.directory / "cancel").exists():
                raise Cancelled
            with EventLog(self.directory / "events.jsonl") as events:
                self.answer = events.answer
                place = Place(self.job.request)
                for record in records(self.job, self):
                    events.append(record)
                    self.say(**place.of(record))
            return "done", ""
        except Stopped:
            log.info("stopped; `jobs resume %s` goes on here", self.job.id)
            return "interrupted", ""
        except Cancelled:
            return "cancelled", ""
        except EngineError as error:
            log.error("%s", error)
            return "failed", " ".join(str(error).split())
        except OSError as error:
            log.error("%s", error)
            return "failed", cannot_write(Path(str(error.filename or self.directory)), error)
        except Exception as error:  # noqa: BLE001  whatever it is, the next job must have its turn
            log.error("%s", traceback.format_exc())
            return "failed", (
                f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''} "
                f"(a fault of the program; details in {self.directory / 'log.txt'})."
            )
        finally:
            self._armed = False

    def _publish(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # deleted under us
            write(self.directory, self.status)

    def _beat(self) -> None:
        """Write the status as it changes; look for `cancel` and for the directory itself."""
        written, at = self.status, time.monotonic()
        while not self._over.wait(BEAT_SECONDS):
            now = self.status
            if now is not written or time.monotonic() - at > LEAST_SECONDS:
                with contextlib.suppress(OSError):  # the next beat may have more luck
                    self.say()
                    write(self.directory, self.status)
                    written, at = self.status, time.monotonic()
                self.on_beat(now)
            if (self.directory / "cancel").exists() or not self.directory.exists():
                os.kill(os.getpid(), signal.SIGUSR1)

    @contextlib.contextmanager
    def _signalled(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into `Stopped`, SIGUSR1 into `Cancelled`, wherever it is."""
        kinds = {signal.SIGTERM: Stopped, signal.SIGINT: Stopped, signal.SIGUSR1: Cancelled}
        before = {}

        def raised(number: int, frame: FrameType | None) -> None:
            del frame
            if number != signal.SIGUSR1:
                self.stopped = True
                threading.Thread(target=self._leave_soon, daemon=True).start()
            if self._armed:
                self._armed = False
                raise kinds[signal.Signals(number)]
            self._early = kinds[signal.Signals(number)]

        for number in kinds:
            before[number] = signal.signal(number, raised)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _leave_soon(self) -> None:
        """Leave in the middle where a computation keeps Python from stopping by itself."""
        if self._over.wait(GRACE_SECONDS):
            return
        self.say(state="interrupted", seconds_left=None)
        self._publish()
        os._exit(INTERRUPTED)

    @contextlib.contextmanager
    def _logged(self) -> Iterator[None]:
        """Send what is logged, and Python's warnings, to log.txt."""
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
            with contextlib.suppress(OSError):  # a full disk takes no last line of a log
                handler.close()


class EventLog:
    """events.jsonl, appended to: every epoch and step once, whatever was redone."""

    def __init__(self, path: Path) -> None:
        before, _ = read_events(path, 0)
        self._seen = Counter(filter(None, map(_key, before)))
        answers = [some for some in before if isinstance(some, (Edit, Exported))]
        self.answer = answers[-1] if answers else None
        self._file = path.open("ab", buffering=0)
        with path.open("rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)  # a line cut short by a kill

    def __enter__(self) -> "EventLog":
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def append(self, record: Record) -> None:
        """Write a record as a line, unless an earlier attempt did."""
        key = _key(record)
        if key is not None and self._seen[key]:
            return
        self._file.write(msgspec.json.encode(record) + b"\n")


def _key(record: Record) -> tuple[object, ...] | None:
    """Return what a step or epoch is known by."""
    if isinstance(record, IllusionStep):
        return (record.neurons, record.step)
    if isinstance(record, (EditEpoch, TrainEpoch)):
        return (type(record), record.epoch)
    return None


class Place:
    """Where a job is, from its records: step, total, and the seconds left."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._first: tuple[str, int, float] | None = None

    def of(self, record: Record) -> dict[str, object]:
        """Return the status's changes."""
        stage, step, total, left = self._read(record)
        speed = self._speed(stage, step)
        if left is None and total and speed:
            left = (total - step) / speed
        images = speed if isinstance(record, Progress) and record.unit == "images" else None
        if isinstance(record, TrainEpoch):
            images = record.images_per_second
        return {
            "stage": stage, "step": step, "total": total, "seconds_left": left,
            "images_per_second": images,
        }  # fmt: skip

    def _read(self, record: Record) -> tuple[str, int, int, float | None]:
        if isinstance(record, Progress):
            return record.stage, record.done, record.total, None
        if isinstance(record, IllusionStep):
            neurons = self.request.neurons if isinstance(self.request, IllusionRequest) else ()
            done = neurons.index(record.neurons[0]) if record.neurons[0] in neurons else 0
            step = done * record.steps + record.step * len(record.neurons)
            return "drawing", step, record.steps * max(1, len(neurons)), None
        if isinstance(record, (EditEpoch, TrainEpoch)):
            stage = "editing" if isinstance(record, EditEpoch) else "training"
            return stage, record.epoch, record.epochs, record.seconds_left
        return "", 1, 1, 0.0

    def _speed(self, stage: str, step: int) -> float | None:
        """Return steps a second since the stage began here."""
        now = time.monotonic()
        if self._first is None or self._first[0] != stage:
            self._first = (stage, step, now)
            return None
        _, first, began = self._first
        return (step - first) / (now - began) if step > first and now > began else None
