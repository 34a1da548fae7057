"""Neurons: two lists, a selection along one ranking, heat maps requested at rest."""

import os
from pathlib import Path

import pytest

from engine.attribution.neurons import describe_neuron
from engine.schema.requests import FeaturesRequest, HeatRequest, IllusionRequest
from screens.messages import Copied, ToEdit, ToIllusions, ToWhatIf
from screens.neuron_details import load_details
from screens.neurons.lists import NeuronLists
from screens.neurons.panel import NeuronPanel
from screens.neurons.screen import NeuronsScreen
from screens.widgets.gallery import Gallery
from screens.widgets.picture import Picture
from screens.widgets.table import Table
from tests.screens.blamed import draw, paint_heat
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heat maps are requested only where a test waits for them."""
    monkeypatch.setattr(NeuronsScreen, "REST", 1e6)


def neurons(pilot, side: str) -> list[int]:
    table = pilot.app.screen.query_one(f"#{side}", Table)
    return [int(str(key)) for key in table.keys]


async def test_both_lists_and_the_neuron_under_the_cursor(workspace: FakeWorkspace) -> None:
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test() as pilot:
        await settled(pilot)
        seen = shown(pilot)
        assert "ant › neurons › 6 mistakes, counterfactuals flip all (median 8 steps)" in seen
        assert "too weak (insufficient): 9" in seen
        assert "too strong (excessive): 10" in seen
        assert neurons(pilot, "excessive")[0] == 7
        assert "18 too weak" in seen
        assert "not drawn yet" in seen
        await pilot.press("l")
        await settled(pilot)
        seen = shown(pilot)
        assert "7 too strong" in seen
        assert "positive for" in seen
        assert "used more by 5 classes" in seen
        top = pilot.app.screen.query_one("#top", Gallery)
        assert top.count == 8
        assert pilot.app.screen.query_one("#wrong", Gallery).count == 6
        await pilot.press("h", "j")
        await settled(pilot)
        assert "21 too weak" in shown(pilot)


async def test_the_selection_follows_the_ranking(workspace: FakeWorkspace) -> None:
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("j", "j", "space", "+", "+")
        assert workspace.selected(0) == (7, 18, 13)
        assert "3 selected   top N ◀ 2 ▶ of 24" in shown(pilot)
        await pilot.press("-", "v", "w", "e")
        assert workspace.selected(0) == (7, 13)
        assert "[x]     7" in shown(pilot)
        assert [m.neurons for m in app.posted(ToIllusions)] == [(7, 13)]
        assert [m.neurons for m in app.posted(ToWhatIf)] == [(7, 13)]
        assert [m.neurons for m in app.posted(ToEdit)] == [(7, 13)]
        await pilot.press("u")
        assert workspace.selected(0) == ()
        await pilot.press("v", "enter")
        await pilot.pause()
        assert [m.neurons for m in app.posted(ToIllusions)][1:] == [(7, 18, 4, 23), (13,)]


async def test_a_large_selection_lists_more(workspace: FakeWorkspace, monkeypatch) -> None:
    monkeypatch.setattr("screens.neurons.screen.LISTED", 2)
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert len(neurons(pilot, "insufficient")) == 2
        await pilot.press("+", "+", "+")
        await settled(pilot)
        assert len(neurons(pilot, "insufficient")) == 4
        await pilot.press("y", "]", "]", "]")
        await settled(pilot)
        assert len(workspace.selected(0)) == 24
        [copied] = app.posted(Copied)
        assert " neurons --class ant --by contrast --top 4 " in copied.text


async def test_rankings_and_sorts(workspace: FakeWorkspace) -> None:
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert "▼vote" in shown(pilot)
        assert "Only 6 mistakes: look at stability before trusting a vote." in shown(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert "▼contribution" in shown(pilot)
        await pilot.press("s")
        await settled(pilot)
        for _ in range(7):
            await pilot.press("S")
        assert "▲neuron" in shown(pilot)
        assert neurons(pilot, "insufficient") == sorted(neurons(pilot, "insufficient"))
        await pilot.press("a")
        assert set(neurons(pilot, "insufficient")) == {2, 6, 8, 23}
        assert set(neurons(pilot, "excessive")) == {2, 6, 8, 23}


async def test_heat_maps_are_requested_at_rest(workspace: FakeWorkspace, monkeypatch) -> None:
    monkeypatch.setattr(NeuronsScreen, "REST", 0.001)
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test() as pilot:
        await until(pilot, lambda: bool(workspace.made))
        assert workspace.last.request == HeatRequest(class_index=0, neuron=18)
        assert "6 mistakes, no heat maps yet" in shown(pilot)
        paint_heat(workspace, 18)
        workspace.last.end()
        await until(pilot, lambda: "(heat)" in shown(pilot))
        wrong = pilot.app.screen.query_one("#wrong", Gallery)
        assert Path(str(wrong.tile(0).source)).match(
            f"heat/neuron00018_{Path(wrong.key).stem}_*.png"
        )
        top = pilot.app.screen.query_one("#top", Gallery)
        assert "neuron00018" not in str(top.tile(0).source)
        await pilot.press("t")
        assert "neuron00018" in str(top.tile(0).source)
        await pilot.press("t")
        assert "neuron00018" not in str(wrong.tile(0).source)
        await pilot.press("j")
        await until(pilot, lambda: len(workspace.made) == 2)
        workspace.last.end("failed", "No memory is left.")
        await until(pilot, lambda: "✗ No memory is left." in shown(pilot))
        await pilot.press("j")
        await settled(pilot)
        assert len(workspace.made) == 2


async def test_heat_maps_of_another_neuron_or_file_are_not_shown(workspace) -> None:
    paint_heat(workspace, 19)
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "6 mistakes, no heat maps yet" in shown(pilot)
    paint_heat(workspace, 18)
    assert load_details(workspace, workspace.planted.cache(), 0, 18).heat
    mistake = describe_neuron(workspace.planted.cache(), 18, 0).mistakes[0].path
    os.utime(mistake, (0, 0))  # as if it were replaced
    found = load_details(workspace, workspace.planted.cache(), 0, 18)
    assert [image.heat is None for image in found.neuron.mistakes] == [True] + [False] * 5


async def test_a_heat_job_under_way_is_followed(workspace: FakeWorkspace, monkeypatch) -> None:
    monkeypatch.setattr(NeuronsScreen, "REST", 0.001)
    workspace.submit(HeatRequest(class_index=0, neuron=18))
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.job_line.job == "job00000")
        assert len(workspace.made) == 1


async def test_a_finished_drawing_is_shown(workspace: FakeWorkspace) -> None:
    [drawn] = draw(workspace, IllusionRequest(class_index=0, neurons=(18,)))
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert pilot.app.screen.query_one("#drawn", Picture).source == Path(str(drawn.path))
        assert "activation 1.8x" in shown(pilot)


async def test_one_mistake_only(workspace: FakeWorkspace) -> None:
    cache = workspace.planted.cache()
    rows = [int(row) for row in cache.array("mistake_rows") if cache.labels[row] == 0]
    path = cache.path(rows[0])
    app = Host(NeuronsScreen(workspace, 0, path))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert f"only {Path(path).name}, counterfactual flips it" in shown(pilot)
        await pilot.press("y")
        await pilot.pause()
        [copied] = app.posted(Copied)
        assert f"--by contrast --mistake {path} " in copied.text


async def test_a_class_without_mistakes(workspace: FakeWorkspace) -> None:
    app = Host(NeuronsScreen(workspace, 3))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "dog has no mistakes on valid" in shown(pilot)
        await pilot.press("space", "+", "v", "s", "y")
        await pilot.pause()
        assert not app.posted(ToIllusions)
        assert not app.posted(Copied)
        assert "Select" not in shown(pilot).splitlines()[-1]


async def test_missing_features_are_extracted(workspace: FakeWorkspace) -> None:
    workspace.cached = False
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert workspace.last.request == FeaturesRequest(split="valid")
        assert "Extracting the features of valid" in shown(pilot)
        workspace.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "R retries, escape" in shown(pilot))
        await pilot.press("R")
        workspace.cached = True
        workspace.last.end()
        await until(pilot, lambda: "18 too weak" in shown(pilot))


async def test_it_lives_through_any_size(workspace: FakeWorkspace) -> None:
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        for size in ((40, 10), (12, 4), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.press("j")
            await settled(pilot)
        assert "2 too weak" in shown(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_snapshot(workspace: FakeWorkspace, snap_compare, size) -> None:
    draw(workspace, IllusionRequest(class_index=0, neurons=(7,)))
    paint_heat(workspace, 7)
    workspace.select(0, (7, 18))

    async def look(pilot) -> None:
        await settled(pilot)
        await pilot.press("l")
        await settled(pilot)

    assert snap_compare(Host(NeuronsScreen(workspace, 0)), terminal_size=size, run_before=look)


async def test_what_a_held_key_passes_is_not_drawn(workspace: FakeWorkspace, monkeypatch) -> None:
    app = Host(NeuronsScreen(workspace, 0))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        panel = app.screen.query_one(NeuronPanel)
        begun = []
        begin = panel.begin

        def beginning(ranked, *args):
            begun.append(ranked)
            begin(ranked, *args)

        monkeypatch.setattr(panel, "begin", beginning)
        monkeypatch.setattr("screens.neurons.screen.RESTS", 1000.0)
        for _ in range(3):
            await pilot.press("j")
        await pilot.pause()
        assert begun == []  # the cursor has not rested yet
        monkeypatch.setattr("screens.neurons.screen.RESTS", 0.01)
        await pilot.press("k")
        await until(pilot, lambda: len(begun) == 1)
        assert begun == [app.screen.query_one(NeuronLists).ranked]
