"""What-if as it looks."""

from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.ablation import interactive as ablation
from screens.whatif.controller import WhatIfController
from screens.whatif.screen import WhatIfScreen
from tests.screens.conftest import Host, settled, until
from tests.screens.fake import FakeWorkspace
from tests.screens.planted_edit import plant_harder

ANT, DOG = 0, 3
SIZES = [(80, 24), (120, 36)]


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> FakeWorkspace:
    monkeypatch.setattr(ablation, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    return FakeWorkspace(plant_harder(tmp_path, groups=True))


def ready(controller: WhatIfController) -> bool:
    """Tell whether all of the newest question is answered."""
    known = controller.curve is not None and controller.random is not None
    return known and controller.fresh


@pytest.mark.parametrize("size", SIZES)
def test_what_if_of_the_top(snap_compare: Any, workspace: FakeWorkspace, size: Any) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("H", "H", "left")
        controller = screen.controller
        await until(pilot, lambda: ready(controller))
        await settled(pilot)

    screen = WhatIfScreen(workspace, ANT)
    assert snap_compare(Host(screen), terminal_size=size, run_before=before)


def test_what_if_of_selected_neurons(snap_compare: Any, workspace: FakeWorkspace) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("space", "right_square_bracket")
        controller = screen.controller
        await until(pilot, lambda: ready(controller))
        await settled(pilot)

    screen = WhatIfScreen(workspace, ANT, (7, 3, 12))
    assert snap_compare(Host(screen), run_before=before)
