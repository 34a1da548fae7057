"""SIGTERM ends the app, also while its terminal takes nothing more."""

import asyncio
import os
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
