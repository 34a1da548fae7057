"""Screens that were closed are gone from memory, and so are keys that the footer showed."""

import gc
from collections import Counter
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from neuroinspect_tui.app.app import NeuroinspectApp
from tests.neuroinspect_tui.app.test_app import elsewhere, names  # noqa: F401
from tests.neuroinspect_tui.app.test_sizes import (  # noqa: F401
    SCREENS,
    app,
    opened,
    quiet,
    resting,
)
from tests.screens.conftest import log, planted, still, unfailing  # noqa: F401

WALKED = ("mistakes", "neurons", "whatif", "edit", "jobs", "help")
WALKS = 4
KEYS = 12
"""The footer's, which change with the screen that was walked through last."""


def live() -> Counter[str]:
    """Count the widgets and screens that exist, by class."""
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, Widget))


async def walk(pilot: Pilot[Any]) -> None:
    for name in WALKED:
        await opened(pilot, name)
        for key in ("down", "up", "escape"):
            await pilot.press(key)
        await quiet(pilot)
        assert names(pilot) == ["ClassesScreen"]


@pytest.mark.long
async def test_what_was_closed_is_gone(app: NeuroinspectApp) -> None:  # noqa: F811
    async with app.run_test(size=(130, 40)) as pilot:
        await walk(pilot)
        before = live()
        for _ in range(WALKS):
            await walk(pilot)
        grown = live() - before  # what is kept of each walk is there as often as there were walks
        assert {name: n for name, n in grown.items() if n >= WALKS and name != "FooterKey"} == {}
        assert grown["FooterKey"] < KEYS
