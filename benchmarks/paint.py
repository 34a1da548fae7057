"""The app in a pseudo-terminal: time to the first screen, and from a key to the screen's update.

The screen's content is read from the bytes that the program writes, as a terminal would.
"""

import subprocess
import sys
import time
from statistics import median, quantiles

from benchmarks.setting import WORST, Result, Setting
from benchmarks.terminal import Terminal
from engine.schema.requests import IllusionRequest
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import submit
from neuroinspect_tui.workspace import write_source

STARTS, KEYS = 5, 60
PAINT_LIMIT, KEY_LIMIT = 0.5, 0.05


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
