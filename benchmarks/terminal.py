"""A program in a pseudo-terminal that answers as a terminal would; what it writes is counted."""

import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from fcntl import ioctl
from types import TracebackType
from typing import Self

SIZE = (80, 24)
"""Columns and lines."""
CELL = (10, 20)
"""Pixels of a cell, across and down."""
QUIET = 0.15
"""Seconds without output after which the screen is complete."""
TIMEOUT = 30.0
HIDDEN = ("TMUX", "COLUMNS", "LINES", "NO_COLOR", "LC_TERMINAL", "TERM_PROGRAM")
"""Variables of the terminal that this runs in."""
PLAIN = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62c",
}  # fmt: skip
"""Queries to a terminal without pictures, and its answers."""


class Terminal:
    """A program in a pseudo-terminal.

    Args:
        words: The command line.
        size: Columns and lines.
        answers: What the terminal answers, by what it is asked.
    """

    def __init__(
        self,
        *words: str,
        size: tuple[int, int] = SIZE,
        answers: Mapping[bytes, bytes] = PLAIN,
    ) -> None:
        self._master, slave = pty.openpty()
        columns, lines = size
        pixels = columns * CELL[0], lines * CELL[1]
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, *pixels))
        self._answers = answers
        self.written = bytearray()
        """All that the program has written."""
        kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env=kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )  # fmt: skip
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        where: TracebackType | None,
    ) -> None:  # fmt: skip
        self._process.send_signal(signal.SIGTERM)
        self.quiet()
        self._process.wait()
        os.close(self._master)

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._master], [], [], seconds)[0]:
            return b""
        try:
            output = os.read(self._master, 1 << 16)
        except OSError:  # the program has exited
            return b""
        for query, answer in self._answers.items():
            if query in output:
                os.write(self._master, answer)
        self.written += output
        return output

    def until(self, text: str, timeout: float = TIMEOUT) -> float:
        """Wait until `text` is written; return the seconds since the start."""
        seen = b""
        while text.encode() not in seen:
            if time.perf_counter() - self.began > timeout:
                raise TimeoutError(f"no {text!r} in {timeout:.0f} s of:\n{seen[-2000:]!r}")
            seen += self._read(1.0)
        return time.perf_counter() - self.began

    def quiet(self, seconds: float = QUIET) -> bytes:
        """Wait until the program writes nothing for a while; return what it wrote."""
        written = b""
        while read := self._read(seconds):
            written += read
        return written

    def during(self, seconds: float) -> bytes:
        """Return what the program writes in some seconds."""
        written, end = b"", time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            written += self._read(left)
        return written

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def key(self, key: bytes, mark: bytes) -> float:
        """Press a key; return the seconds until `mark` is written."""
        while self._read(0.0):
            pass  # discard output of the previous key
        began, seen = time.perf_counter(), b""
        os.write(self._master, key)
        while mark not in seen:
            if time.perf_counter() - began > TIMEOUT:
                raise TimeoutError(f"no answer to {key!r} in {TIMEOUT:.0f} s")
            seen += self._read(1.0)
        return time.perf_counter() - began
