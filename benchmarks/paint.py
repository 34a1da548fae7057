"""The app in a pseudo-terminal: time to the first screen, and from a key to the screen's update.

The screen's content is read from the bytes that the program writes, as a terminal would.
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

from benchmarks.setting import WORST, Result, Setting
from engine.schema.requests import IllusionRequest
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import submit
from neuroinspect_tui.workspace import write_source

STARTS, KEYS = 5, 60
LINES, COLUMNS = 24, 80
PAINT_LIMIT, KEY_LIMIT = 0.5, 0.05
QUIET = 0.15
"""Seconds without output after which the screen is complete."""
TIMEOUT = 30.0
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62c"}
"""Queries to the terminal, and the answers."""


class Terminal:
    """A program in a pseudo-terminal.

    Args:
        words: The command line.
    """

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
            output = os.read(self._master, 1 << 16)
        except OSError:  # the program has exited
            return b""
        for query, answer in ANSWERS.items():
            if query in output:
                os.write(self._master, answer)
        return output

    def until(self, text: str) -> float:
        """Wait until `text` is written; return the seconds since the start."""
        seen = b""
        while text.encode() not in seen:
            if time.perf_counter() - self.began > TIMEOUT:
                raise TimeoutError(f"no {text!r} in {TIMEOUT:.0f} s of:\n{seen[-2000:]!r}")
            seen += self._read(1.0)
        return time.perf_counter() - self.began

    def quiet(self) -> None:
        """Wait until the program writes nothing for a while."""
        while self._read(QUIET):
            pass

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


def measure(setting: Setting) -> list[Result]:
    """Start the app on a workspace with features, and move through its classes."""
    setting.cache("valid")
    write_source(setting.home, setting.source)
    words = (sys.executable, "-P", "-m", "neuroinspect_tui", str(setting.home))
    paints = [_paint(words) for _ in range(STARTS)]
    bare = median(_bare() for _ in range(STARTS))
    shown = median(paints)
    results = [
        Result(
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
    for when, seconds in (("no job runs", idle), ("a drawing job uses every core", busy)):
        half, most = median(seconds), quantiles(seconds, n=20)[-1]
        results.append(
            Result(
                f"response to a key while {when}, p95 of {KEYS}",
                f"{1000 * most:.0f} ms",
                f"{1000 * half:.0f} ms, p50",
                f"{most / half:.1f}x",
                f"< {1000 * KEY_LIMIT:.0f} ms",
                most < KEY_LIMIT,
            )
        )
    return results


def _paint(words: tuple[str, ...]) -> float:
    with Terminal(*words) as terminal:
        return terminal.until(WORST)


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import textual.app, textual.widgets"], check=True)
    return time.perf_counter() - began


def _keys(words: tuple[str, ...]) -> list[float]:
    """Move the cursor down and up: its mark is written again each time."""
    with Terminal(*words) as terminal:
        terminal.until(WORST)
        terminal.quiet()
        seconds = []
        for place in range(KEYS):
            seconds.append(terminal.key(b"j" if place % 20 < 10 else b"k", "▶".encode()))
            time.sleep(0.03)  # the repeat rate of a held key
        return seconds


def _draw_on(setting: Setting) -> None:
    """Start a job that goes on for long enough, and wait until it does."""
    store = Store(setting.home)
    request = IllusionRequest(class_index=setting.target, neurons=tuple(range(64)), steps=450)
    job = submit(store, request, setting.source)
    while not store.view(job.id).step:
        time.sleep(0.1)
