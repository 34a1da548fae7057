"""What a person sees of a planted mark: the app on a workspace of `make evidence PART=marks`.

python -m docs.marks_tour WORKSPACE [--pictures DIR]
"""

import argparse
import asyncio
from pathlib import Path

from docs.tour import SIZE, Tour
from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.config import Config


async def walk(tour: Tour) -> None:
    """Go from the worst class to the neurons behind its mistakes, and to its groups."""
    await tour.step("all classes, worst first", [], r"mistakes in \d+ classes")
    await tour.step("mistakes of the worst", ["enter"], r"\d+ mistakes? of", "marks-mistakes")
    await tour.step("neurons behind them", ["n"], r"too strong \(excessive\)")
    await tour.step("heat maps over the mistakes", [], r"mistakes \(heat\)", "marks-neurons")
    await tour.step("by class and mark", ["escape", "escape", "u"], r"mark yes", "marks-groups")


async def main(home: Path, pictures: Path | None) -> None:
    """Walk."""
    app = NeuroinspectApp(Config(), LocalWorkspace, home, "")
    async with app.run_test(size=SIZE) as pilot:
        await walk(Tour(pilot, pictures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docs.marks_tour", description=__doc__)
    parser.add_argument("home", type=Path, metavar="WORKSPACE")
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    asked = parser.parse_args()
    asyncio.run(main(asked.home, asked.pictures))
