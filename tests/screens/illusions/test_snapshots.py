"""Drawings as they look."""

import pytest

from engine.schema.requests import IllusionRequest
from screens.illusions.grid import DrawingGallery
from screens.illusions.screen import IllusionsScreen
from tests.screens.blamed import draw, paint_heat
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace
from tests.screens.illusions.drawn import BOTH, step


def hang(workspace: FakeWorkspace) -> IllusionsScreen:
    """Return a screen whose drawings are partly finished, partly under way."""
    draw(workspace, IllusionRequest(class_index=0, neurons=(7, 18)))
    drawn = IllusionRequest(class_index=0, neurons=(4, 23), every=25)
    workspace.submit(drawn)
    workspace.last.feed(step(workspace, IllusionRequest(class_index=0, neurons=(4,)), 175))
    workspace.select(0, (7,))
    return IllusionsScreen(workspace, 0, (7, 18, 4, 23))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_snapshot(workspace: FakeWorkspace, snap_compare, size) -> None:
    async def look(pilot) -> None:
        gallery = pilot.app.screen.query_one(DrawingGallery)
        await until(pilot, lambda: gallery.tile(2).source is not None)
        await settled(pilot)

    assert snap_compare(Host(hang(workspace)), terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_zoom_snapshot(workspace: FakeWorkspace, snap_compare, size) -> None:
    draw(workspace, BOTH)
    workspace.select(0, (7,))
    paint_heat(workspace, 7)

    async def look(pilot) -> None:
        await until(pilot, lambda: "2 of 2 drawn" in shown(pilot))
        await pilot.press("enter")
        await settled(pilot)

    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    assert snap_compare(app, terminal_size=size, run_before=look)
