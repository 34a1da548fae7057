"""Search by a text, in Mistakes and in Neurons: live, one job at a time, the newest text wins."""

import msgspec
import numpy as np
import pytest
from textual.widgets import Input

from engine.clip.image_features import ClipFeatures
from engine.schema.requests import ClipRequest
from screens.job_line import JobLine
from screens.mistakes.screen import MistakesScreen, Pictures
from screens.neurons.screen import NeuronsScreen
from screens.search_field import SearchField
from screens.widgets.table import Table
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.erring import erring

EEL, FIT, UNFIT = 4, 12, 7


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """The typing rests at once; heat maps are never asked for."""
    monkeypatch.setattr(SearchField, "REST", 0.02)
    monkeypatch.setattr(NeuronsScreen, "REST", 1e6)


@pytest.fixture
def found(planted):
    """A workspace whose images have CLIP features: `sea` fits neuron FIT, `land` its opposite."""
    workspace = erring(planted)
    workspace.source = msgspec.structs.replace(workspace.source, clip="local-dir:x")
    cache = workspace.planted.cache()
    angle = np.asarray(cache.features[:, FIT], np.float64)
    angle = (angle - angle.min()) / np.ptp(angle) * np.pi / 2
    features = np.stack([np.sin(angle), np.cos(angle)], axis=1).astype(np.float16)
    workspace.clip = ClipFeatures(np.arange(len(features)), features, True, "")
    workspace.embeddings = {"sea": np.array([1, 0], "f4"), "land": np.array([0, 1], "f4")}
    return workspace


async def write(pilot, text):
    pilot.app.screen.query_one(Input).value = text
    await settled(pilot)


def cosines(workspace, keys, text):
    cache = workspace.planted.cache()
    rows = [next(r for r in range(cache.meta.n) if cache.path(r) == key) for key in keys]
    features, _ = workspace.clip.at(rows)
    return (features @ workspace.embeddings[text]).tolist()


async def test_mistakes_are_ordered_by_a_text_and_back(found):
    app = Host(MistakesScreen(found, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        gallery = app.screen.query_one(Pictures)
        before = list(gallery.keys)
        await pilot.press("slash")
        for text in ("sea", "land"):
            await write(pilot, text)
            scores = cosines(found, gallery.keys, text)
            assert scores == sorted(scores, reverse=True)
            assert set(gallery.keys) == set(before)
            assert f"most like “{text}” first (10, cosine" in shown(pilot)
            assert gallery.index == 0
        assert app.screen.query_one(Input).has_focus
        await pilot.press("enter")
        await settled(pilot)
        assert gallery.has_focus
        await pilot.press("t")
        await settled(pilot)
        assert gallery.count == 12
        scores = cosines(found, gallery.keys, "land")
        assert scores == sorted(scores, reverse=True)
        await pilot.press("t")
        await pilot.press("escape")
        await settled(pilot)
        assert list(gallery.keys) == before
        assert not app.screen.query_one(SearchField).is_open
        assert gallery.has_focus
        assert found.made == []


async def test_images_without_a_feature_come_last(found):
    whole, cache = found.clip, found.planted.cache()
    some = np.flatnonzero((cache.labels != EEL) | (np.arange(cache.meta.n) % 2 == 0))
    found.clip = ClipFeatures(some, whole.features[some], False, "a probe of some images")
    app = Host(MistakesScreen(found, EEL))
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot)
        await pilot.press("slash")
        await write(pilot, "sea")
        assert "Among a probe of some images." in shown(pilot)
        assert "no CLIP feature (" in shown(pilot)


async def test_neurons_are_ordered_by_a_text_and_back(found):
    app = Host(NeuronsScreen(found, EEL))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        tables = [app.screen.query_one(f"#{side}", Table) for side in ("insufficient", "excessive")]
        before = [list(table.keys) for table in tables]
        assert any(FIT in keys for keys in before)
        await pilot.press("slash")
        await write(pilot, "sea")
        first = [table.keys[0] for table in tables if len(table.keys)]
        assert FIT in first
        assert "▼fits" in shown(pilot)
        assert "Most like “sea” first: correlation over 72 images" in shown(pilot)
        await write(pilot, "land")
        assert FIT in [table.keys[-1] for table in tables]
        await pilot.press("escape")
        await settled(pilot)
        assert [list(table.keys) for table in tables] == before
        assert "fits" not in shown(pilot)


async def test_a_text_that_is_new_is_embedded_by_one_job_once_the_typing_rests(found):
    app = Host(MistakesScreen(found, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        own = list(app.screen.query_one(Pictures).keys)
        await pilot.press("slash")
        await write(pilot, "wat")
        await until(pilot, lambda: len(found.made) == 1)
        assert found.last.request == ClipRequest(split="valid", texts=("wat",))
        await write(pilot, "water")
        await pilot.pause(0.1)
        assert len(found.made) == 1  # one at a time
        assert list(app.screen.query_one(Pictures).keys) == own
        found.embeddings["wat"] = np.array([0, 1], "f4")
        found.last.end()
        await until(pilot, lambda: len(found.made) == 2)
        assert found.last.request.texts == ("water",)
        assert "wat” first" not in shown(pilot)  # the newest text wins
        found.embeddings["water"] = np.array([1, 0], "f4")
        found.last.end()
        await until(pilot, lambda: "most like “water” first" in shown(pilot))
        assert len(found.made) == 2


async def test_a_job_that_fails_says_why_and_enter_asks_again(found):
    app = Host(MistakesScreen(found, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("slash")
        await write(pilot, "new")
        await until(pilot, lambda: len(found.made) == 1)
        found.last.end("failed", "Cannot load CLIP.")
        await until(pilot, lambda: "Cannot load CLIP." in shown(pilot))
        await pilot.pause(0.1)
        assert len(found.made) == 1
        await pilot.press("enter")
        await until(pilot, lambda: len(found.made) == 2)
        await pilot.press("escape")
        await settled(pilot)
        assert not app.screen.query_one(SearchField).query_one(JobLine).running


async def test_a_job_that_makes_nothing_is_not_asked_for_again_and_again(found):
    app = Host(MistakesScreen(found, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("slash")
        await write(pilot, "new")
        await until(pilot, lambda: len(found.made) == 1)
        found.last.end()
        await pilot.pause(0.2)
        await settled(pilot)
        assert len(found.made) == 1


@pytest.mark.parametrize("screen", [MistakesScreen, NeuronsScreen])
async def test_without_clip_it_says_what_is_missing(planted, screen):
    app = Host(screen(erring(planted), EEL))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("slash")
        await settled(pilot)
        assert any("Searching needs a CLIP" in some.message for some in app._notifications)
        assert not app.screen.query_one(SearchField).is_open
