"""The keys of the screen below."""

from typing import Any

import pytest
from textual.pilot import Pilot

from screens.help import HelpScreen, Section
from tests.screens.conftest import Host, shown

SECTIONS: list[Section] = [
    ("Classes", [("↓ j", "Down a class", "classes.down"), ("s", "Sort by the next column, then "
     "the other way round, then as they came, which is by accuracy", "classes.sort")]),
    ("Anywhere", [(f"f{i}", f"Does thing {i}", f"app.thing{i}") for i in range(30)]),
]  # fmt: skip


@pytest.mark.parametrize("key", ["escape", "q", "question_mark"])
async def test_it_lists_and_closes(key: str) -> None:
    app = Host(HelpScreen(SECTIONS))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "↓ j" in shown(pilot)
        assert "classes.sort" in shown(pilot)
        assert "thing 29" not in shown(pilot)
        await pilot.press("j", "G")
        await pilot.pause()
        assert "thing 29" in shown(pilot)
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is not app.first


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_snapshot(snap_compare: Any, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await pilot.pause()

    assert snap_compare(Host(HelpScreen(SECTIONS)), terminal_size=size, run_before=before)
