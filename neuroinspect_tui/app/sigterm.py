"""SIGTERM ends the app, also while its terminal takes nothing; so does a terminal that goes."""

import asyncio
import os
import select
import signal
import threading
from collections.abc import Callable

SECONDS = 5.0


def leave_on_sigterm(leave: Callable[[], object]) -> None:
    """Leave on SIGTERM; end the process where that takes too long.

    Behind a link that hangs the terminal reads no more, and the event loop waits within a write.
    """
    loop = asyncio.get_running_loop()

    def handle(*_: object) -> None:
        loop.call_soon_threadsafe(leave)
        late = threading.Timer(SECONDS, os._exit, (128 + signal.SIGTERM,))
        late.daemon = True
        late.start()

    signal.signal(signal.SIGTERM, handle)  # the loop's own handlers wait for the loop


def leave_with_terminal(fileno: int) -> None:
    """Send this process SIGTERM once its terminal is gone, however that came.

    A terminal that closes sends SIGHUP to its session only. Where it controls none, as in a
    container, or where SIGHUP is ignored, reading from it then gives nothing at once, again and
    again, and the app would read for ever.

    Args:
        fileno: Of the terminal.
    """
    if hasattr(select, "poll"):
        threading.Thread(target=_wait_for_its_end, args=(fileno,), daemon=True).start()


def _wait_for_its_end(fileno: int) -> None:
    watched = select.poll()
    watched.register(fileno, 0)  # of nothing but its end
    if any(event & select.POLLHUP for _, event in watched.poll()):
        os.kill(os.getpid(), signal.SIGTERM)
