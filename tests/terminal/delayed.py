"""A pseudo-terminal at the end of a slow link: keys and output each arrive later."""

import queue
import re
import threading
import time

from tests.terminal.emulated import EmulatedTerminal

ONE_WAY = 0.15
"""Seconds that each direction takes."""


class DelayedTerminal(EmulatedTerminal):
    """A program at the other end of a link: what is pressed, or answered, reaches it later.

    What it writes is stamped with the time at which it is seen on this side.
    """

    def __init__(self, *arguments, **options):
        self._under_way = queue.Queue()
        self._stamps = [(0.0, 0)]
        threading.Thread(target=self._deliver, daemon=True).start()
        super().__init__(*arguments, **options)

    def press(self, keys):
        """Send keys, or an answer; return when they were sent."""
        now = time.monotonic()
        self._under_way.put((now + ONE_WAY, keys))
        return now

    def _deliver(self):
        while True:
            due, keys = self._under_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                super().press(keys)
            except OSError:
                return  # closed

    def received(self, read):
        """Note when some output is seen."""
        super().received(read)
        self._stamps.append((time.monotonic() + ONE_WAY, len(self._bytes)))

    def seen(self, pattern, after=0):
        """Return when a pattern is first seen, after so many bytes; and at which byte it ends."""
        found = re.compile(pattern.encode(), re.DOTALL).search(self._bytes, after)
        assert found, f"no {pattern!r}"
        return next(when for when, end in self._stamps if end >= found.end()), found.end()
