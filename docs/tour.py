"""A tour of the app over a real workspace, by keys alone: seconds a step, and the docs' pictures.

    python -m docs.tour WORKSPACE [--pictures DIR]

The workspace's own runner does the work; results that exist already are shown at once.
"""

import argparse
import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.config import Config

SIZE = (120, 34)
PATIENCE = 900.0
METHOD, EPOCHS = "ratio", "400"


@dataclass
class Tour:
    """One pass through the screens."""

    pilot: Pilot[Any]
    pictures: Path | None

    def seen(self) -> str:
        """Return the screen as text."""
        # Textual has no public way
        strips = self.pilot.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, pattern: str) -> None:
        """Wait until a pattern is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.seen()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {pattern!r} on:\n{self.seen()}")
            await self.pilot.pause(0.02)

    async def step(self, what: str, keys: Sequence[str], pattern: str, picture: str = "") -> None:
        """Press keys, wait for a pattern, print how long it took."""
        began = time.monotonic()
        await self.pilot.press(*keys)
        await self.until(pattern)
        print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)
        if picture and self.pictures is not None:
            await self.pilot.pause(1.5)  # the images around it are decoded
            self.pilot.app.save_screenshot(f"{picture}.svg", str(self.pictures))


Walk = Callable[[Tour], Coroutine[Any, Any, None]]
"""A way through the app."""


async def walk(tour: Tour) -> None:
    """Go from the worst class to an exported edit."""
    await tour.step("classes, while they are evaluated", [], r"\[\d\d\.\d +\d\d\.\d\]")
    await tour.step("all classes, worst first", [], r"mistakes in \d+ classes", "classes")
    await tour.step("the worst against each other", ["p"], "confusions of the worst", "plots")
    await tour.step("mistakes of the worst", ["escape", "enter"], r"\d+ mistakes? of", "mistakes")
    await tour.step("neurons behind them", ["n"], r"too strong \(excessive\)")
    await tour.step("heat maps over the mistakes", [], r"mistakes \(heat\)")
    await tour.step("two selected", ["space", "l", "space", "h"], "2 selected", "neurons")
    await tour.step("the first preview", ["v"], r"step [1-9]\d*/|activation [\d.]+x")
    await tour.step("two pictures drawn", [], r"2 of 2 drawn", "illusions")
    await tour.step("the selected ones ablated", ["escape", "w"], "computed in")
    await tour.step("the top N ablated", ["m"], "ablated", "whatif")
    await tour.step("the form of an edit", ["e"], r"enter runs it")
    await tour.pilot.press("down")
    while f"◀ {METHOD} ▶" not in tour.seen():
        await tour.pilot.press("right")
    while "passes over the training" not in tour.seen():
        await tour.pilot.press("down")
    await tour.step("the first epochs", [*EPOCHS, "ctrl+r"], r"epoch \d\d+/")
    await tour.step("edited and compared", [], "verdict", "compare")
    await tour.step("applied", ["K"], "✓ applied")
    await tour.step("exported", ["x", "enter"], "create_model")
    await tour.step("all jobs", ["escape", "J"], "runner", "jobs")


async def _opened(home: Path, pictures: Path | None, walk: Walk) -> None:
    app = NeuroinspectApp(Config(), LocalWorkspace, home, "")
    async with app.run_test(size=SIZE) as pilot:
        await walk(Tour(pilot, pictures))


def main(program: str, about: str | None, walk: Walk) -> None:
    """Walk through the app on the workspace that the command line names."""
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("home", type=Path, metavar="WORKSPACE")
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    asked = parser.parse_args()
    asyncio.run(_opened(asked.home, asked.pictures, walk))


if __name__ == "__main__":
    main("python -m docs.tour", __doc__, walk)
