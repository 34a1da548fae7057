"""Turns signals, and a request to cancel, into exceptions in a running job."""

import contextlib
import math
import os
import signal
import socket
import time
from collections.abc import Iterator
from types import FrameType

GRACE_SECONDS = 3.0
"""From SIGTERM until a process whose native code does not return is ended."""
LEAVING = (signal.SIGTERM, signal.SIGINT)
HEARD = (*LEAVING, signal.SIGUSR1)
IMPORTING = "<frozen importlib._bootstrap>"


class Stopped(BaseException):
    """The job is to stop, and can be resumed from its checkpoint."""


class Cancelled(BaseException):
    """The job is cancelled."""


class Signals:
    """Turns SIGTERM, SIGINT and SIGUSR1 (Slurm's warning) into `Stopped`.

    A context manager for the main thread. The heartbeat's thread asks with `overdue` whether native
    code keeps the main thread from handling a signal, and repeats with `poke` what could not be
    raised when the signal came.
    """

    def __init__(self) -> None:
        self.wanted: type[BaseException] | None = None
        """What is to be raised; the heartbeat sets it where the job is cancelled."""
        self.stopped = False
        """Whether the process is to end, however the job ends."""
        self._armed = False
        self._leave_at = math.inf

    def __enter__(self) -> "Signals":
        """Handle signals; nothing is raised yet."""
        self._heard, said = socket.socketpair()
        self._heard.setblocking(False)
        said.setblocking(False)
        self._said = said
        self._before = {number: signal.signal(number, self._raise) for number in HEARD}
        # a byte arrives at once; Python's handlers wait for the main thread's next bytecode
        self._fd_before = signal.set_wakeup_fd(said.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the handlers."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._heard.close()
        self._said.close()

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """Raise what is wanted, wherever the job is, and what came before this block."""
        self._armed = True
        try:
            self.check()
            yield
        finally:
            self._armed = False

    def check(self) -> None:
        """Raise what is wanted; raised in a `__del__` or a callback, it may have been lost."""
        if self.wanted is not None:
            self._armed = False
            raise self.wanted

    def poke(self) -> None:
        """Let the main thread raise what it could not raise before."""
        if self.wanted is not None and self._armed:
            os.kill(os.getpid(), signal.SIGUSR1)

    def overdue(self) -> bool:
        """Tell whether the process was to end so long ago that it cannot by itself."""
        with contextlib.suppress(BlockingIOError):
            if set(LEAVING) & set(self._heard.recv(4096)):
                self._leave_at = min(self._leave_at, time.monotonic() + GRACE_SECONDS)
        return time.monotonic() > self._leave_at

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if number in LEAVING or self.wanted is None:
            self.wanted, self.stopped = self.wanted or Stopped, True
        if _importing(frame):
            if self.stopped:  # it cannot be raised here, and waiting would not help
                self._leave_at = time.monotonic()
        elif self._armed:
            self.check()


def _importing(frame: FrameType | None) -> bool:
    """Tell whether an import is under way: interrupted, the module would stay half imported."""
    while frame is not None:
        if frame.f_code.co_filename == IMPORTING:
            return True
        frame = frame.f_back
    return False
