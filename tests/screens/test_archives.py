"""Images inside tar and Parquet files, on every screen that shows images."""

import io
from pathlib import Path

import pytest
from PIL import Image
from rich.color_triplet import ColorTriplet

from engine.data.stored import StoredImage
from engine.evaluation.scores import mistakes
from engine.visualization.heatmap_store import heat_path
from screens import file_location
from screens.classes.preview import ClassPreview
from screens.classes.screen import ClassesScreen
from screens.compare.screen import CompareScreen
from screens.file_location import FileLocation
from screens.messages import Copied
from screens.mistakes.screen import MistakesScreen
from screens.neurons.screen import NeuronsScreen
from screens.whatif.screen import WhatIfScreen
from screens.widgets.gallery import Gallery
from screens.widgets.picture import Picture
from screens.widgets.previews import Box, draw
from tests.screens.archived import KINDS, archived
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.planted_edit import saved_edit

ANT = 0


@pytest.fixture(params=KINDS)
def workspace(request, planted, tmp_path, monkeypatch):
    """The workspace, its images packed away."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    return archived(planted, request.param)


def colour_of(workspace, path: str) -> ColorTriplet:
    """The one colour of a planted image, by its row."""
    cache = workspace.planted.cache()
    sample = cache.sample_at(path)
    row = cache.samples.index(sample)
    return ColorTriplet(40 * sample.label % 256, 20 * (row % 12) % 256, 128)


def painted(pilot, widget) -> set[ColorTriplet]:
    """The background colours of a widget's lines, as the terminal gets them."""
    lines = [widget.render_line(y) for y in range(widget.size.height)]
    styles = [segment.style for line in lines for segment in line if segment.style]
    return {
        triplet
        for style in styles
        if style.bgcolor is not None and (triplet := style.bgcolor.triplet) is not None
    }


async def test_mistakes_are_seen_in_their_own_colours(workspace):
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        gallery = app.first.query_one(Gallery)
        assert gallery.count == len(mistakes(workspace.planted.cache(), ANT).mistakes) > 1
        colours = [colour_of(workspace, key) for key in gallery._keys]
        await until(pilot, lambda: set(colours) <= painted(pilot, gallery))
        picture = app.first.query_one(Picture)
        assert colours[0] in painted(pilot, picture)
        assert f"#{Path(gallery.key).name.rpartition('#')[2]}" in shown(pilot).replace("/", "#")
        await pilot.press("right", "enter")
        await settled(pilot)
        assert colours[1] in painted(pilot, app.screen.query_one(Picture))


async def test_an_image_is_written_out_when_asked(workspace, monkeypatch):
    monkeypatch.setattr(file_location, "scp_command", lambda path: f"scp {path}")
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(200, 40), message_hook=app.hear) as pilot:
        await settled(pilot)
        uri = app.first.query_one(Gallery).key
        await pilot.press("o")
        await settled(pilot)
        assert isinstance(app.screen, FileLocation)
        assert "Inside a file" in shown(pilot)
        assert f"w writes it out to {workspace.home}/images" in shown(pilot)
        await pilot.press("y", "c", "w")
        await settled(pilot)
        [file] = (workspace.home / "images").iterdir()
        assert str(file) in shown(pilot)
        await pilot.press("y", "w")
        await settled(pilot)
        assert [copied.text for copied in app.posted(Copied)] == [uri, f"scp {file}"]
    colour = Image.open(io.BytesIO(file.read_bytes())).getpixel((0, 0))
    assert (colour, file.suffix) == (tuple(colour_of(workspace, uri)), ".png")


async def test_a_workspace_that_cannot_be_written_is_no_obstacle(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(file_location.tempfile, "tempdir", str(tmp_path))
    (workspace.home / "images").touch()
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(200, 40)) as pilot:
        await settled(pilot)
        await pilot.press("o", "w")
        await settled(pilot)
        [file] = tmp_path.glob("neuroinspect-tui-*/*.png")
        assert str(file) in shown(pilot)


async def test_an_archive_that_went_is_told(workspace):
    cache = workspace.planted.cache()
    source = cache.picture_of(cache.path(0))
    assert isinstance(source, StoredImage)
    before = source.file.read_bytes()
    source.file.write_bytes(before[:400])
    assert draw(Box(source, 8, 4)).problem.startswith("cannot read ")
    source.file.write_bytes(before)
    assert draw(Box(source, 8, 4)).rows
    source.file.unlink()
    assert not draw(Box(source, 8, 4)).rows
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(200, 40)) as pilot:
        await settled(pilot)
        await pilot.press("o", "w")
        await settled(pilot)
        assert "✗ " in shown(pilot)


async def test_classes_neurons_whatif_and_compare_show_them(workspace):
    edit = saved_edit(workspace.planted, ANT)
    for screen, gallery_of in (
        (
            ClassesScreen(workspace),
            lambda app: app.first.query_one(ClassPreview).query_one(Gallery),
        ),
        (NeuronsScreen(workspace, ANT), lambda app: app.first.query_one("#wrong", Gallery)),
        (NeuronsScreen(workspace, ANT), lambda app: app.first.query_one("#top", Gallery)),
        (WhatIfScreen(workspace, ANT), lambda app: app.first.query_one(Gallery)),
        (CompareScreen(workspace, edit.id), lambda app: app.first.query_one(Gallery)),
    ):
        app = Host(screen)
        async with app.run_test(size=(160, 50)) as pilot:
            await settled(pilot)
            await until(pilot, lambda: gallery_of(app).count > 0)  # noqa: B023
            gallery = gallery_of(app)
            source = gallery.tile(0).source
            assert isinstance(source, StoredImage)
            colour = colour_of(workspace, source.uri)
            await until(pilot, lambda: colour in painted(pilot, gallery))  # noqa: B023


def test_heat_maps_have_names_of_their_own(workspace, tmp_path):
    cache = workspace.planted.cache()
    paths = [heat_path(tmp_path, cache, 3, cache.path(row)) for row in range(len(cache.samples))]
    assert None not in paths
    assert len(set(paths)) == len(paths)
