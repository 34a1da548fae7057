"""The app in a terminal of its own: until its first screen is there, and until a key is answered.

What stands on the screen is read from the bytes the program writes, as a terminal would.
"""

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from statistics import median, quantiles
from types import TracebackType
from typing import Self

from benchmarks.setting import WORST, Figure, Setting
from engine.schema.requests import IllusionRequest
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import submit
from neuroinspect_tui.workspace import write_source

STARTS, KEYS = 5, 60
LINES, COLUMNS = 24, 80
PAINT_LIMIT, KEY_LIMIT = 0.5, 0.05
QUIET = 0.15
"""Seconds without a byte: the screen is drawn."""
PATIENCE = 30.0
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62c"}
"""What terminals are asked, and what one says."""


class Terminal:
    """A pseudo-terminal with a program in it."""

    def __init__(self, *words: str) -> None:
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
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
            found = os.read(self._master, 1 << 16)
        except OSError:  # the program has left
            return b""
        for asked, answer in ANSWERS.items():
            if asked in found:
                os.write(self._master, answer)
        return found

    def until(self, text: str) -> float:
        """Wait for text; return the seconds since the start."""
        seen = b""
        while text.encode() not in seen:
            if time.perf_counter() - self.began > PATIENCE:
                raise TimeoutError(f"no {text!r} in {PATIENCE:.0f} s of:\n{seen[-2000:]!r}")
            seen += self._read(1.0)
        return time.perf_counter() - self.began

    def quiet(self) -> None:
        """Wait until nothing is drawn any more."""
        while self._read(QUIET):
            pass

    def key(self, key: bytes, mark: bytes) -> float:
        """Press a key; return the seconds until `mark` was written."""
        while self._read(0.0):
            pass  # what the last key still wrote
        began, seen = time.perf_counter(), b""
        os.write(self._master, key)
        while mark not in seen:
            if time.perf_counter() - began > PATIENCE:
                raise TimeoutError(f"no answer to {key!r} in {PATIENCE:.0f} s")
            seen += self._read(1.0)
        return time.perf_counter() - began


def measure(setting: Setting) -> list[Figure]:
    """Start the app on the filled workspace, and move through its classes."""
    setting.cache("valid")
    write_source(setting.home, setting.source)
    words = (sys.executable, "-P", "-m", "neuroinspect_tui", str(setting.home))
    paints = [_paint(words) for _ in range(STARTS)]
    bare = median(_bare() for _ in range(STARTS))
    shown = median(paints)
    figures = [
        Figure(
            f"first paint of the classes, median of {STARTS}",
            f"{1000 * shown:.0f} ms",
            f"{1000 * bare:.0f} ms, python and textual alone",
            f"{shown / bare:.1f}x",
            f"< {1000 * PAINT_LIMIT:.0f} ms",
            shown < PAINT_LIMIT,
        )
    ]
    idle = _keys(words)
    _draw_on(setting)
    try:
        busy = _keys(words)
    finally:
        stop_runners(setting.home)
    for when, found in (("nothing else runs", idle), ("a job draws on every core", busy)):
        half, most = median(found), quantiles(found, n=20)[-1]
        figures.append(
            Figure(
                f"a key answered while {when}, p95 of {KEYS}",
                f"{1000 * most:.0f} ms",
                f"{1000 * half:.0f} ms, p50",
                f"{most / half:.1f}x",
                f"< {1000 * KEY_LIMIT:.0f} ms",
                most < KEY_LIMIT,
            )
        )
    return figures


def _paint(words: tuple[str, ...]) -> float:
    with Terminal(*words) as terminal:
        return terminal.until(WORST)


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import textual.app, textual.widgets"], check=True)
    return time.perf_counter() - began


def _keys(words: tuple[str, ...]) -> list[float]:
    """Go down and up again: the cursor's mark is drawn anew each time."""
    with Terminal(*words) as terminal:
        terminal.until(WORST)
        terminal.quiet()
        found = []
        for place in range(KEYS):
            found.append(terminal.key(b"j" if place % 20 < 10 else b"k", "▶".encode()))
            time.sleep(0.03)  # as a held key repeats
        return found


def _draw_on(setting: Setting) -> None:
    """Start a job that goes on for long enough, and wait until it does."""
    store = Store(setting.home)
    request = IllusionRequest(class_index=setting.target, neurons=tuple(range(64)), steps=450)
    job = submit(store, request, setting.source)
    while not store.view(job.id).step:
        time.sleep(0.1)
