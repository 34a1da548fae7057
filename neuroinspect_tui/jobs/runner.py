"""The runner: a detached process that keeps the engine loaded and runs a queue's jobs in turn.

python -m neuroinspect_tui.jobs.runner HOME QUEUE [IDLE_SECONDS [IDLE_ALREADY]]
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from filelock import Timeout

from engine.io.atomic import write_json
from engine.schema.errors import EngineError
from neuroinspect_tui.jobs.attempt import Attempt, TakenError
from neuroinspect_tui.jobs.engine_cache import EngineCache
from neuroinspect_tui.jobs.job import INTERRUPTED, JobError, job_lock, lives, read_status
from neuroinspect_tui.jobs.launcher import runner_lock, runner_note
from neuroinspect_tui.jobs.process import IDLE_SECONDS, Alive, end_children, this_process
from neuroinspect_tui.jobs.signals import HEARD
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.workspace import FILE
from screens.shown import shown

POLL_SECONDS = 0.03
RESTING_POLL_SECONDS = 0.25
"""The same once no engine is loaded: whoever asks then waits seconds for it anyway."""
LOADED_SECONDS = 60.0
"""How long an idle runner keeps torch and its engine: a gigabyte of memory, and a GPU's."""
NICE = 10
"""So that the app on the same machine stays responsive."""


class Runner:
    """Serves one queue of one workspace."""

    def __init__(
        self, home: Path, queue: str, idle_seconds: float = IDLE_SECONDS, idle_already: float = 0.0
    ) -> None:
        self.home, self.queue, self.idle_seconds = home, queue, idle_seconds
        self.idle_already = idle_already
        """Seconds that this process was idle for before it unloaded its engine."""
        self.store = Store(home)
        self.engine_cache = EngineCache(home)
        self.lock = runner_lock(home, queue)
        self.stopped = False
        self.crashed = False
        """Whether a job failed by an internal error, which may have damaged this process."""
        self.unloads = False
        """Whether it is to begin anew without an engine: torch cannot be imported away."""
        self.since = time.time()
        self._locked: int | None = None

    def run(self) -> int:
        """Run jobs until idle, stopped, or without a workspace; return the exit code."""
        for number in HEARD:
            signal.signal(number, self._stop)
        while self._acquired():
            try:
                state = self._serve()
            finally:
                if self._at_home():
                    self._note().unlink(missing_ok=True)
                self.lock.release()
            # whoever wrote a ticket meanwhile saw this runner alive, and started none
            if state or self.stopped or self.crashed or self.unloads or not self._asked():
                return state
        return 0

    @property
    def begins_anew(self) -> bool:
        """Whether a fresh process is to take this one's place."""
        return (self.crashed or self.unloads) and not self.stopped

    def _asked(self) -> list[str]:
        return self.store.tickets.waiting(self.queue)

    def _acquired(self) -> bool:
        try:
            self.lock.acquire(timeout=1)
        except (Timeout, OSError):
            return False  # another runner serves this queue
        self._locked = _inode(self.lock.lock_file)
        return True

    def _at_home(self) -> bool:
        """Tell whether the workspace still exists, and is the same one."""
        return (self.home / FILE).is_file() and _inode(self.lock.lock_file) == self._locked

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.stopped = True

    def _note(self) -> Path:
        return runner_note(self.home, self.queue)

    def _serve(self) -> int:
        idle_since = time.monotonic() - self.idle_already
        self._tell(idle_for=self.idle_already)
        while not (self.stopped or self.crashed):
            if not self._at_home():
                return 0
            waiting, idle_for = self._asked(), time.monotonic() - idle_since
            if waiting:
                self._tell(idle_for=None)
                if self.take(waiting[0]):
                    return INTERRUPTED
                idle_since = time.monotonic()
                self._tell(idle_for=0.0)
            elif idle_for > self.idle_seconds:
                return 0
            elif _loaded() and idle_for > LOADED_SECONDS:
                self.unloads, self.idle_already = True, idle_for
                return 0
            else:
                time.sleep(POLL_SECONDS if _loaded() else RESTING_POLL_SECONDS)
        return 0

    def _tell(self, *, idle_for: float | None) -> None:
        if self._at_home():  # writing would make the directory again
            idle_since = None if idle_for is None else time.time() - idle_for
            note = Alive(this_process(), self.queue, self.since, idle_since, self.idle_seconds)
            with contextlib.suppress(EngineError):  # a full disk: the lock alone tells
                write_json(self._note(), note)

    def take(self, job_id: str) -> bool:
        """Run a job that waits; return whether SIGTERM came.

        A job whose runner died stays interrupted until it is resumed: what killed that runner could
        kill this one too, again and again, and the jobs behind it would never run.
        """
        drop = partial(self.store.tickets.drop, self.queue, job_id)
        try:
            attempt = Attempt(self.store.directory(job_id), drop)
            if read_status(attempt.directory).state == "waiting":
                attempt.run(self.engine_cache.records)
                self.crashed = attempt.crashed
                return attempt.stopped
            self._drop_at_rest(attempt.directory, drop)
        except TakenError:
            if lives(attempt.directory, read_status(attempt.directory)):
                drop()  # `jobs run` runs it
            else:
                time.sleep(POLL_SECONDS)  # somebody is resuming it
        except JobError as error:
            sys.stderr.write(f"{job_id}: {shown(str(error))}\n")  # noqa: TID251  the runner's log
            drop()
        except BaseException:
            drop()
            raise
        return False

    def _drop_at_rest(self, directory: Path, drop: Callable[[], None]) -> None:
        """Drop a ticket that was left behind, unless somebody is resuming its job."""
        with contextlib.suppress(Timeout), job_lock(directory).acquire(timeout=0):
            if read_status(directory).state != "waiting":
                drop()


def _loaded() -> bool:
    """Tell whether this process holds torch, and maybe an engine with its model."""
    return "torch" in sys.modules


def _inode(path: str) -> int | None:
    try:
        return Path(path).stat().st_ino
    except OSError:
        return None


def main() -> int:
    """Serve the queue named on the command line."""
    home, queue, *rest = sys.argv[1:]
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    runner = Runner(Path(home), queue, *map(float, rest))
    state = runner.run()
    end_children()
    if runner.begins_anew:  # after a GPU's illegal access only a new process helps
        idle = (str(runner.idle_seconds), str(runner.idle_already)) if runner.unloads else rest[:1]
        os.execv(sys.executable, [sys.executable, "-m", __spec__.name, home, queue, *idle])
    return state


if __name__ == "__main__":
    sys.exit(main())
