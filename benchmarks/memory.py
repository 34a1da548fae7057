"""Does the app's memory grow? Walks through all screens, and prints memory and live widgets.

    python -m benchmarks.memory WORKSPACE [WALKS]

Nothing is submitted: a workspace whose features are extracted is only looked at.
"""

import asyncio
import contextlib
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget
from textual.worker import WorkerCancelled

from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.config import Config
from screens.messages import ToEdit, ToMistakes, ToNeurons, ToWhatIf

MIB = 2**20
WALKS = 40
EVERY = 5
STEPS: Sequence[Callable[[], Message] | str] = (
    lambda: ToMistakes(0), "j", "l", "escape", lambda: ToMistakes(1), "enter", "escape", "escape",
    lambda: ToNeurons(0), "j", "j", "s", "escape", lambda: ToWhatIf(0), "right", "L", "i", "escape",
    lambda: ToEdit(0), "escape", "J", "escape", "question_mark", "escape", "j", "k",
)  # fmt: skip


def live() -> Counter[str]:
    """Count the widgets and screens that exist, by class."""
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, Widget))


async def walk(pilot: Pilot[Any]) -> None:
    """Go through the screens once, and wait wherever something is drawn."""
    for step in STEPS:
        if isinstance(step, str):
            await pilot.press(step)
        else:
            pilot.app.screen.post_message(step())
            await pilot.pause()
        with contextlib.suppress(WorkerCancelled):  # of a screen that closed meanwhile
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def main(home: Path, walks: int) -> None:
    """Walk, and print a line every few walks."""
    process = psutil.Process()
    app = NeuroinspectApp(Config(), LocalWorkspace, home)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        print("walks  MiB    widgets")
        for number in range(walks + 1):
            if number % EVERY == 0:
                widgets = sum(live().values())
                print(
                    f"{number:5}  {process.memory_info().rss / MIB:5.1f}  {widgets:6}", flush=True
                )
            await walk(pilot)


if __name__ == "__main__":
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else WALKS))
