"""One drawing, large, beside real images."""

from engine.visualization.store import mask_path
from screens.illusions.grid import DrawingGallery
from screens.illusions.screen import IllusionsScreen
from screens.illusions.zoom import Zoom
from screens.widgets.gallery import Gallery
from screens.widgets.picture import Picture
from tests.screens.blamed import draw, facts
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace
from tests.screens.illusions.drawn import BOTH, begun, step


async def test_zoom_shows_real_images(workspace: FakeWorkspace) -> None:
    draw(workspace, BOTH)
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "2 of 2 drawn" in shown(pilot))
        await pilot.press("enter")
        await settled(pilot)
        zoom = pilot.app.screen
        assert isinstance(zoom, Zoom)
        stem = facts(workspace, BOTH)[7].stem
        assert zoom.query_one("#mask", Picture).source == mask_path(
            workspace.home / "illusions", stem
        )
        assert zoom.query_one("#wrong", Gallery).count == 6
        assert "450 steps, seed 0" in shown(pilot)
        await pilot.press("right", "right", "left")
        await settled(pilot)
        assert "neuron 18   2 of 2" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen.query_one(DrawingGallery).key == 18


async def test_zoom_follows_the_job(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await begun(pilot, workspace)
        await pilot.press("z")
        await settled(pilot)
        assert "shown when finished" in shown(pilot)
        workspace.last.feed(step(workspace, BOTH, 25))
        await until(pilot, lambda: "step 25/450" in shown(pilot))
