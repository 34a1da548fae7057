"""Bytes that the app sends to the terminal: at its start, for a key, and as a job goes on."""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.setting import WORST, Result, Setting
from benchmarks.terminal import PLAIN, Terminal
from engine.schema.requests import IllusionRequest
from neuroinspect_tui.app.probe import CELL_QUERY, KITTY_QUERY, NAME_QUERY
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import submit
from neuroinspect_tui.workspace import write_source
from screens.widgets.cursor import RESTS

SIZE = (120, 40)
START_LIMIT, MOVE_LIMIT, TICK_LIMIT = 40_000, 1_000, 600
MOVES = 8
SETTLED = 2.0
"""Seconds without output after which all pictures are drawn."""
TICKING = 15.0
"""Seconds for which a job is watched."""
LOADING = 300.0
"""Seconds after which a runner surely extracts features."""
BEGIN = b"\x1b[?2026h"
"""Before everything that is drawn at once."""
KITTY = PLAIN | {
    KITTY_QUERY.encode(): b"\x1b_Gi=31;OK\x1b\\",
    NAME_QUERY.encode(): b"\x1bP>|kitty(0.35.2)\x1b\\",
    CELL_QUERY.encode(): b"\x1b[6;20;10t",
}
"""A terminal with kitty's pictures."""
SENT = re.compile(rb"\x1b_G([^;\x1b]*);([^\x1b]*)\x1b\\")
ESCAPE, ENTER = b"\x1b", b"\r"


def measure(setting: Setting) -> list[Result]:
    """Open the app on a workspace with features, walk through it, and count."""
    setting.cache("valid")
    write_source(setting.home, setting.source)
    return [*_without_pictures(setting), *_with_kitty(setting), *_jobs(setting), _reading(setting)]


def _app(home: Path, *words: str) -> Sequence[str]:
    return sys.executable, "-P", "-m", "neuroinspect_tui", str(home), *words


def _without_pictures(setting: Setting) -> list[Result]:
    with Terminal(*_app(setting.home, "--pictures", "none"), size=SIZE) as terminal:
        terminal.until(WORST)
        terminal.quiet(SETTLED)
        start = len(terminal.written)
        quick, resting = _moves(terminal, b"j")
        terminal.press(b"G")
        return [
            _result("start without pictures", start, START_LIMIT),
            _result("a move in Classes", quick, MOVE_LIMIT, f"{resting} B once it rests"),
            _result("to the last class", len(terminal.quiet(SETTLED)), None),
        ]


def _with_kitty(setting: Setting) -> list[Result]:
    with Terminal(*_app(setting.home), size=SIZE, answers=KITTY) as terminal:
        terminal.until(WORST)
        terminal.quiet(SETTLED)
        results = []
        for name, opening, key in (("Mistakes", ENTER, b"l"), ("Neurons", b"n", b"j")):
            terminal.press(opening)
            terminal.quiet(SETTLED)
            quick, resting = _moves(terminal, key)
            more = f"{resting} B once it rests"
            results.append(_result(f"a move in {name}, kitty", quick, MOVE_LIMIT, more))
        sent = len(terminal.written)
        for key in (ESCAPE, ESCAPE, ENTER):
            terminal.press(key)
            terminal.quiet(SETTLED)
        back = len(terminal.written) - sent
        codes = _pictures(bytes(terminal.written))
    twice = len(codes) - len(set(codes))
    results.append(_result("back to Mistakes, to Classes, to Mistakes, kitty", back, None))
    seen = f"{len(codes)} pictures"
    return [*results, Result("pictures sent to kitty twice", str(twice), seen, "", "0", not twice)]


def _jobs(setting: Setting) -> list[Result]:
    """Watch a drawing in the list of jobs."""
    store = Store(setting.home)
    request = IllusionRequest(class_index=setting.target, neurons=tuple(range(16)), steps=450)
    job = submit(store, request, setting.source)
    try:
        with Terminal(*_app(setting.home, "--pictures", "none"), size=SIZE) as terminal:
            terminal.until(WORST)
            terminal.press(b"J")
            while not store.view(job.id).step:
                terminal.quiet(SETTLED)
            return [_ticks("a tick of a drawing in Jobs", terminal.during(TICKING))]
    finally:
        stop_runners(setting.home)


def _reading(setting: Setting) -> Result:
    """Watch the classes as the features of their images are extracted."""
    total = len(setting.engine.split("valid").samples)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_source(home, setting.source)
        try:
            with Terminal(*_app(home, "--pictures", "none"), size=SIZE) as terminal:
                terminal.until(f"/{total:,} ", LOADING)
                return _ticks("a tick of Classes, evaluated meanwhile", terminal.during(TICKING))
        finally:
            stop_runners(home)


def _moves(terminal: Terminal, key: bytes) -> tuple[int, int]:
    """Move the cursor; return the median bytes at once, and of all there is once it rests."""
    quick, resting = [], []
    for _ in range(MOVES):
        terminal.press(key)
        first = len(terminal.during(RESTS / 2))
        quick.append(first)
        resting.append(first + len(terminal.quiet(SETTLED)))
    return int(median(quick)), int(median(resting))


def _ticks(name: str, written: bytes) -> Result:
    sizes = [len(frame) for frame in written.split(BEGIN)[1:]]
    typical = int(median(sizes)) if sizes else 0
    return _result(name, typical, TICK_LIMIT, f"{max(sizes, default=0)} B, the largest")


def _pictures(written: bytes) -> list[bytes]:
    """Return the pictures that a terminal is sent, as they are encoded."""
    codes = [b""]
    for keys, payload in SENT.findall(written):
        if keys.startswith((b"a=T", b"m=")):
            codes[-1] += payload
            if keys.endswith(b"m=0"):
                codes.append(b"")
    return codes[:-1]


def _result(name: str, size: int, limit: int | None, beside: str = "") -> Result:
    target = "" if limit is None else f"< {limit} B"
    return Result(name, f"{size} B", beside, "", target, None if limit is None else size < limit)
