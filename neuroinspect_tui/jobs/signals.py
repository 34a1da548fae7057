"""What signals and `cancel` ask of a running job, raised in it wherever that does no harm."""

import contextlib
import math
import os
import signal
import socket
import time
from collections.abc import Iterator
from types import FrameType

GRACE_SECONDS = 3.0
"""From SIGTERM until a computation that does not listen is left where its checkpoint is."""
LEAVING = (signal.SIGTERM, signal.SIGINT)
HEARD = (*LEAVING, signal.SIGUSR1)
IMPORTING = "<frozen importlib._bootstrap>"


class Stopped(BaseException):
    """The job is left where its checkpoint is."""


class Cancelled(BaseException):
    """The job is not wanted any more."""


class Signals:
    """Turns SIGTERM, SIGINT and SIGUSR1 (Slurm's warning) into `Stopped`.

    A context manager for the main thread. The heartbeat's thread asks with `overdue` whether the
    main thread, deep in native code, has not heard of it, and with `poke` tells it again what it
    could not be told before.
    """

    def __init__(self) -> None:
        self.wanted: type[BaseException] | None = None
        """What is to be raised; also set by whoever finds `cancel`."""
        self.stopped = False
        """Whether the process is to leave, however the job ends."""
        self._armed = False
        self._leave_at = math.inf

    def __enter__(self) -> "Signals":
        """Listen; nothing is raised yet."""
        self._heard, said = socket.socketpair()
        self._heard.setblocking(False)
        said.setblocking(False)
        self._said = said
        self._before = {number: signal.signal(number, self._raise) for number in HEARD}
        # written to at once, while a handler in Python waits for the main thread's next step
        self._fd_before = signal.set_wakeup_fd(said.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave signals as they were."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._heard.close()
        self._said.close()

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """Raise what is wanted, wherever the job is; also what was before this."""
        self._armed = True
        try:
            self.check()
            yield
        finally:
            self._armed = False

    def check(self) -> None:
        """Raise what is wanted: in a `__del__` or a callback nobody may have heard it."""
        if self.wanted is not None:
            self._armed = False
            raise self.wanted

    def poke(self) -> None:
        """Let the main thread try again what could not be raised where it was."""
        if self.wanted is not None and self._armed:
            os.kill(os.getpid(), signal.SIGUSR1)

    def overdue(self) -> bool:
        """Tell whether it is too long since the process was to leave."""
        with contextlib.suppress(BlockingIOError):
            if set(LEAVING) & set(self._heard.recv(4096)):
                self._leave_at = min(self._leave_at, time.monotonic() + GRACE_SECONDS)
        return time.monotonic() > self._leave_at

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if number in LEAVING or self.wanted is None:
            self.wanted, self.stopped = self.wanted or Stopped, True
        if _importing(frame):
            if self.stopped:  # it cannot be raised here, and there is nothing to wait for
                self._leave_at = time.monotonic()
        elif self._armed:
            self.check()


def _importing(frame: FrameType | None) -> bool:
    """Tell whether a module is imported by half: in this process it would stay so."""
    while frame is not None:
        if frame.f_code.co_filename == IMPORTING:
            return True
        frame = frame.f_back
    return False
