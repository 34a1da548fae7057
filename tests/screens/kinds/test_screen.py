"""Both ends of a class's images: their order, the accuracy on both sides, the cut made groups."""

import numpy as np
import pytest
from textual.widgets import Input

from engine.features.halves import halves
from engine.grouping.cutting import by_neurons
from engine.grouping.laying import looked_at
from engine.grouping.store import load
from engine.schema.requests import FeaturesRequest
from screens.classes.screen import ClassesScreen
from screens.kinds.screen import KindsScreen
from screens.messages import Copied, ToKinds
from screens.mistakes.screen import MistakesScreen
from screens.neurons.screen import NeuronsScreen
from screens.widgets.gallery import Gallery
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.planted import SPURIOUS
from tests.screens.planted_clip import MISTAKES, OTHERS, plant_clip
from tests.screens.planted_kinds import ANT, DOG, plant_kinds


@pytest.fixture
def workspace(tmp_path):
    return plant_kinds(tmp_path, groups=True)


def rows_of(workspace, k):
    """The images of a class that edits select on."""
    cache = workspace.planted.cache()
    selection, _ = halves(cache, 0)
    return cache, selection[cache.labels[selection] == k]


async def test_the_cut_that_was_found_comes_first_and_both_sides_follow_the_cursor(workspace):
    cache, mine = rows_of(workspace, ANT)
    app = Host(KindsScreen(workspace, ANT))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        gallery = app.first.query_one(Gallery)
        assert set(gallery.keys) == set(mine.tolist())
        assert gallery.index == 9
        said = shown(pilot)
        assert "10 images 10% right | 10 images 100% right gap 90.0 points" in " ".join(
            said.split()
        )
        assert "the cut that was found" in said
        assert "like its mistakes" in said
        assert "by the direction of its mistakes, in the classifier's own features" in said
        for key, last in (("right", 10), ("home", 0), ("end", 19)):
            await pilot.press(key)
            await settled(pilot)
            right = cache.predicted[list(gallery.keys)] == ANT
            share = np.mean(right[: last + 1])
            counted = f"{last + 1} image{'s' * (last > 0)} {100 * share:.0f}% right"
            assert counted in " ".join(shown(pilot).split())
            assert "the cut that was found" not in shown(pilot)
        await pilot.press("g")
        await settled(pilot)
        assert app.screen is app.first
        assert "All images would be on one side" in " ".join(shown(pilot).split())
        await pilot.press("c")
        await settled(pilot)
        assert gallery.index == 9


async def test_g_makes_groups_with_the_cut_at_the_cursor_in_both_splits(workspace):
    app = Host(KindsScreen(workspace, ANT, (SPURIOUS,)))
    async with app.run_test(size=(120, 40), message_hook=app.hear) as pilot:
        await settled(pilot)
        gallery = app.first.query_one(Gallery)
        assert f"by neuron {SPURIOUS}" in shown(pilot)
        gallery.move_to(3)
        await pilot.press("y", "g")
        await until(pilot, lambda: "◀ valid and train ▶" in shown(pilot))
        app.screen.query_one(Input).value = "fires"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.first)
        first = set(gallery.keys[:4])
    assert f"groups make kinds --class ant --neuron {SPURIOUS} -w" in app.posted(Copied)[0].text
    grouping = load(workspace.home, "fires")
    cache, mine = rows_of(workspace, ANT)
    known = {(m.path, m.split): m.value for m in grouping.members}
    values = {row: known[cache.samples[row].path, "valid"] for row in mine.tolist()}
    assert {row for row, value in values.items() if value == f"{SPURIOUS} strong"} == first
    selection, _ = halves(cache, 0)
    usual = by_neurons(cache, selection, [ANT], [SPURIOUS]).apply(cache)
    assert usual.count(f"{SPURIOUS} strong") > 2 * len(first)  # it was another cut
    assert any(m.value for m in grouping.members if m.split == "train")
    assert grouping.origin.neurons == (SPURIOUS,)
    assert grouping.origin.why == "Cut by hand, after 4 of 20 images."
    assert set(looked_at(grouping, cache)) == set(selection)


async def test_a_class_that_is_not_divided_says_why_and_what_would_help(workspace):
    app = Host(KindsScreen(workspace, DOG))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "✗" in shown(pilot))
        said = " ".join(shown(pilot).split())
        assert "dog: too few mistakes to group (0)" in said
        assert "Select neurons in Neurons and open this from there" in said


async def test_words_stand_at_both_ends_where_they_are_known(tmp_path):
    workspace = plant_kinds(tmp_path)
    cache = workspace.planted.cache()
    workspace.source = plant_clip(workspace.planted, cache).source
    from tests.screens.test_clip_words import space_of

    workspace.words = space_of(workspace)
    app = Host(KindsScreen(workspace, ANT))
    async with app.run_test(size=(140, 40)) as pilot:
        await settled(pilot)
        line = next(
            line for line in shown(pilot).splitlines() if "first  like its mistakes" in line
        )
        assert MISTAKES in line.split("like the others")[0]
        assert OTHERS in line.split("like the others")[1]
        assert "in CLIP's image features" in shown(pilot)


async def test_without_features_they_are_extracted_first(workspace):
    workspace.cached = False
    app = Host(KindsScreen(workspace, ANT))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert workspace.last.request == FeaturesRequest(split="valid")
        workspace.cached = True
        workspace.last.end()
        await until(pilot, lambda: app.first.query_one(Gallery).count == 20)


async def test_b_leads_here_from_classes_mistakes_and_selected_neurons(workspace):
    for screen, neurons in (
        (ClassesScreen(workspace), ()),
        (MistakesScreen(workspace, ANT), ()),
        (NeuronsScreen(workspace, ANT), (3, SPURIOUS)),
    ):
        app = Host(screen)
        async with app.run_test(size=(120, 40), message_hook=app.hear) as pilot:
            await settled(pilot)
            if neurons:
                await pilot.press("b")
                await pilot.pause()
                assert not app.posted(ToKinds)  # no neuron is selected
                workspace.select(ANT, neurons)
                app.first.on_screen_resume()
                await settled(pilot)
            await pilot.press("b")
            await pilot.pause()
            [posted] = app.posted(ToKinds)
            assert (posted.class_index, posted.neurons) == (ANT, neurons)
