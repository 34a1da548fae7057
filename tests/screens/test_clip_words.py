"""Words on the screens: from what there is of CLIP; else a line and a key; without CLIP nothing."""

import pytest

from engine.schema.requests import ClipRequest
from engine.words.naming_neurons import NamedNeurons
from engine.words.neuron_store import path_of, ready_names, stored
from engine.words.opening import open_space
from screens.classes.screen import ClassesScreen
from screens.clip_words import OFFER
from screens.mistakes.screen import MistakesScreen
from screens.neurons.screen import NeuronsScreen
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.erring import erring
from tests.screens.planted_clip import plant_clip

FOX = 5


def space_of(workspace):
    return open_space(workspace.home, workspace.source, workspace.planted.cache())


@pytest.fixture
def wrong(planted):
    """A workspace with many mistakes, whose CLIP has seen no image yet."""
    workspace = erring(planted)
    workspace.source = plant_clip(planted, planted.cache()).source
    return workspace


@pytest.fixture
def worded(wrong):
    """The same, with CLIP's features and texts."""
    wrong.words = space_of(wrong)
    return wrong


def named(workspace) -> NamedNeurons | None:
    """Name all neurons, as `words` does."""
    cache, space = workspace.planted.cache(), workspace.words
    for _ in ready_names(workspace.home, cache, space):
        pass
    return stored(path_of(workspace.home, cache, space))


async def test_the_preview_says_what_its_mistakes_look_like(worded):
    app = Host(ClassesScreen(worded))
    async with app.run_test(size=(140, 40)) as pilot:
        await settled(pilot)
        await pilot.press("j")  # to fox
        await until(pilot, lambda: "its mistakes look like   forest" in shown(pilot))
        assert "the others like          river" in shown(pilot)
        assert OFFER not in shown(pilot)
        assert not worded.made  # nothing is computed by a job


async def test_a_key_makes_what_is_missing_and_then_there_are_words(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test(size=(140, 40)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "d says in words" in shown(pilot))
        await pilot.press("d")
        await until(pilot, lambda: bool(wrong.made))
        request = wrong.last.request
        assert isinstance(request, ClipRequest)
        assert request.split == "valid"
        assert {"fox", "forest"} <= set(request.texts)
        wrong.words = space_of(wrong)
        wrong.last.end()
        await until(pilot, lambda: "the others like   river" in shown(pilot))
        assert "d says in words" not in shown(pilot)
        await pilot.press("d")  # offered no more
        await settled(pilot)
        assert len(wrong.made) == 1


async def test_without_a_clip_nothing_is_said_and_no_key_offered(planted):
    plain = erring(planted)
    for screen in (ClassesScreen(plain), MistakesScreen(plain, FOX), NeuronsScreen(plain, FOX)):
        app = Host(screen)
        async with app.run_test(size=(140, 40)) as pilot:
            await settled(pilot)
            await until(pilot, lambda: "fox" in shown(pilot))
            await pilot.press("d")
            await settled(pilot)
            said = shown(pilot)
            assert "in words" not in said
            assert "look like" not in said
            assert not [job for job in plain.made if isinstance(job.request, ClipRequest)]


async def test_mistakes_have_the_words_above(worded):
    app = Host(MistakesScreen(worded, FOX))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "its mistakes look like   forest" in shown(pilot))
        lines = shown(pilot).splitlines()
        at = next(row for row, line in enumerate(lines) if "look like" in line)
        assert "river" in lines[at + 1]
        assert "→" in "".join(lines[at + 2 :])


async def test_mistakes_make_what_is_missing(wrong):
    app = Host(MistakesScreen(wrong, FOX))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "d says in words" in shown(pilot))
        await pilot.press("d")
        await until(pilot, lambda: bool(wrong.made))
        wrong.words = space_of(wrong)
        wrong.last.end()
        await until(pilot, lambda: "its mistakes look like   forest" in shown(pilot))


async def test_a_clip_that_does_not_know_the_classes_is_said_to(planted):
    workspace = erring(planted)
    workspace.source = plant_clip(planted, planted.cache(), knows=False).source
    workspace.words = space_of(workspace)
    app = Host(MistakesScreen(workspace, FOX))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "this CLIP does not know these classes" in shown(pilot))
        assert "look like" not in shown(pilot)


async def test_neurons_have_a_column_once_they_are_named(worded):
    names = named(worded)
    assert any(neuron.words for neuron in names.neurons)
    app = Host(NeuronsScreen(worded, FOX))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: " word " in shown(pilot))
        listed = app.screen._loaded.ranking.neurons.insufficient
        assert [ranked.word for ranked in listed] == [
            names.neurons[ranked.neuron].label for ranked in listed
        ]


async def test_a_key_names_the_neurons(wrong):
    app = Host(NeuronsScreen(wrong, FOX))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "selected" in shown(pilot))
        assert " word " not in shown(pilot)
        await pilot.press("d")
        await until(pilot, lambda: any(isinstance(j.request, ClipRequest) for j in wrong.made))
        wrong.words = space_of(wrong)
        wrong.last.end()
        await until(pilot, lambda: " word " in shown(pilot))
        assert stored(path_of(wrong.home, wrong.planted.cache(), wrong.words)) is not None


def described(*keys):
    async def ready(pilot):
        await settled(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: "look like" in shown(pilot) or " word " in shown(pilot))
        await settled(pilot)

    return ready


def test_classes_with_words_as_they_look(worded, snap_compare):
    screen = ClassesScreen(worded)
    assert snap_compare(Host(screen), terminal_size=(140, 40), run_before=described("j"))


def test_neurons_with_words_as_they_look(worded, snap_compare):
    named(worded)
    screen = NeuronsScreen(worded, FOX)
    assert snap_compare(Host(screen), terminal_size=(140, 40), run_before=described())
