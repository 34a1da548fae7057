"""Images selected by hand, and the groupings made of them."""

import pytest
from textual.widgets import Input

from engine.features.halves import halves
from engine.grouping.laying import looked_at, overlay
from engine.grouping.store import load, names
from screens.mistakes.screen import MistakesScreen, Pictures
from screens.new_grouping import NewGrouping
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.planted_kinds import ANT, DOG, plant_kinds


@pytest.fixture
def workspace(tmp_path):
    return plant_kinds(tmp_path)


async def test_selected_images_are_marked_counted_and_remembered(workspace):
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test() as pilot:
        await settled(pilot)
        gallery = app.first.query_one(Pictures)
        await pilot.press("space", "right", "space", "right", "space", "space")
        await settled(pilot)
        assert [gallery.tile(at).selected for at in range(4)] == [True, True, False, False]
        assert "17 mistakes of 40, 2 selected" in shown(pilot)
        await pilot.press("t")
        await settled(pilot)
        assert "2 selected" in shown(pilot)
    again = Host(MistakesScreen(workspace, ANT))
    async with again.run_test() as pilot:
        await settled(pilot)
        gallery = again.first.query_one(Pictures)
        assert [gallery.tile(at).selected for at in range(3)] == [True, True, False]
        await pilot.press("u")
        await settled(pilot)
        assert "selected" not in shown(pilot).splitlines()[0]
        assert workspace.selected_images(ANT) == ()
    assert workspace.selected_images(DOG) == ()


async def test_g_makes_a_grouping_of_the_selected_against_the_others(workspace):
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        first, second = app.first.query_one(Pictures).keys[:2]
        await pilot.press("space", "right", "space", "g")
        await settled(pilot)
        assert "All that are selected are mistakes" in " ".join(shown(pilot).split())
        assert "splits" not in shown(pilot)
        app.screen.query_one(Input).value = "stripes"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.first)
        assert "Made stripes: not stripes 38, stripes 2." in " ".join(shown(pilot).split())
    grouping, cache = load(workspace.home, "stripes"), workspace.planted.cache()
    laid = overlay(grouping, cache)
    stripes = {
        cache.path(row) for row in (laid.groups == laid.named.index("ant × stripes")).nonzero()[0]
    }
    assert stripes == {first, second}
    assert "bee" in laid.named  # other classes stay one group each
    assert len(looked_at(grouping, cache)) == 0
    assert grouping.source == "hand"


async def test_all_of_a_class_selected_tells_none_apart_and_says_so(workspace):
    cache = workspace.planted.cache()
    everyone = [sample.path for sample in cache.samples if sample.label == ANT]
    workspace.select_images(ANT, tuple(everyone))
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)
        assert "All that are selected" not in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "✗ Every image of ant is selected" in shown(pilot))
        assert isinstance(app.screen, NewGrouping)
        assert names(workspace.home) == []


async def test_with_nothing_selected_g_divides_the_class_by_its_mistakes(workspace):
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)
        assert "class ant" in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.first)
    cache = workspace.planted.cache()
    grouping = load(workspace.home, "kinds")
    assert grouping.values == ("like its mistakes", "like the others")
    assert set(looked_at(grouping, cache)) == set(halves(cache, 0)[0])


async def test_images_like_the_selected_get_a_value_in_both_splits(workspace):
    cache = workspace.planted.cache()
    unusual = [s.path for i, s in enumerate(cache.samples) if s.label == ANT and i % 2 == 0]
    workspace.select_images(ANT, tuple(unusual[:16]))
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)
        assert "splits" not in shown(pilot)
        app.screen.query_one(Input).value = "stripes"
        await pilot.press("down", "right")
        await settled(pilot)
        assert "◀ images like them too ▶" in shown(pilot)
        assert "◀ valid and train ▶" in shown(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.screen is app.first)
    grouping = load(workspace.home, "stripes")
    assert grouping.source == "ticked"
    striped = {m.path for m in grouping.members if m.value == "stripes" and m.split == "valid"}
    assert set(unusual[16:]) <= striped  # they were not selected
    assert len(striped ^ set(unusual)) <= 1
    assert any(m.value == "stripes" for m in grouping.members if m.split == "train")
    assert set(looked_at(grouping, cache)) == set(halves(cache, 0)[0])


async def test_selected_images_that_are_no_kind_are_refused_in_a_sentence(workspace):
    cache = workspace.planted.cache()
    mine = [sample.path for sample in cache.samples if sample.label == ANT]
    workspace.select_images(ANT, tuple(mine[:2]))
    app = Host(MistakesScreen(workspace, ANT))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("g", "down", "right", "ctrl+r")
        await until(pilot, lambda: "✗ No two kinds of images were found" in shown(pilot))
        assert names(workspace.home) == []
