"""What-if: questions by key, answers at once, and what they hand on."""

import pytest
from textual.widgets import Static

from engine.ablation.query import preview_ablation
from engine.schema.requests import FeaturesRequest
from screens.messages import Copied, ToEdit
from screens.whatif.controller import WhatIfController
from screens.whatif.screen import WhatIfScreen
from screens.widgets.chart import Chart
from screens.widgets.gallery import Gallery
from screens.widgets.table import Table
from screens.words import percent
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace
from tests.screens.planted_edit import plant_harder

ANT, FOX = 0, 5


@pytest.fixture
def workspace(tmp_path) -> FakeWorkspace:
    return FakeWorkspace(plant_harder(tmp_path, groups=True))


async def test_sliding_along_the_order_answers_as_the_command_does(workspace):
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "top N ◀ 24 ▶ of 24 by contrast" in shown(pilot)
        await pilot.press("H", "h", "right", "left", "left", "left", "left", "H")
        await settled(pilot)
        assert app.first.controller.question.top == 1
        await pilot.press("right", "right")
        await settled(pilot)
        alone = preview_ablation(workspace.planted.cache(), ANT, top="3")
        assert app.first.controller.answer.whatif == alone
        assert f"fixed {len(alone.fixed)} · broken {len(alone.broken)}" in shown(pilot)
        assert f"ant 50.0 → {100 * alone.after.target:.1f}%" in shown(pilot)
        assert "ant › what-if › top 3 neurons ablated" in shown(pilot)
        await pilot.press("e", "y")
        await pilot.pause()
        [move] = app.posted(ToEdit)
        assert (move.class_index, move.top, move.neurons) == (ANT, "3", ())
        [copied] = app.posted(Copied)
        assert "whatif --class ant --top 3 -w" in copied.text


async def test_scale_rows_and_order_change_the_question(workspace):
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("left_square_bracket", *["right_square_bracket"] * 5, "r", "s", "s", "s")
        await settled(pilot)
        question = app.first.controller.question
        assert (question.scale, question.rows, question.by) == (0.5, "all", "votes")
        assert "all classes" in shown(pilot)
        assert "scaled by 0.5" in shown(pilot)
        top = str(question.top)
        assert app.first.controller.answer.whatif == preview_ablation(
            workspace.planted.cache(), ANT, top=top, by="votes", scale=0.5, rows="all"
        )
        await pilot.press("y", "e")
        await pilot.pause()
        said = app.posted(Copied)[0].text
        assert f"--top {top} --by votes --scale 0.5 --rows all" in said
        assert app.posted(ToEdit)[0].neurons == app.first.controller.neurons  # not the edit's order


async def test_selected_neurons_are_switched_and_selected_again(workspace):
    workspace.select(ANT, (7, 3, 12))
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "3 of 3 neurons on" in shown(pilot)
        await pilot.press("j", "space")
        await settled(pilot)
        assert "2 of 3 neurons on" in shown(pilot)
        assert "3  [ ] unchanged" in shown(pilot)
        chosen = preview_ablation(workspace.planted.cache(), ANT, chosen=(7, 12))
        assert app.first.controller.answer.whatif == chosen
        await pilot.press("e", "t")
        await pilot.pause()
        assert app.posted(ToEdit)[0].neurons == (7, 12)
        assert workspace.selected(ANT) == (7, 12)
        await pilot.press("m", "H", "H", "H", "t")
        await settled(pilot)
        assert workspace.selected(ANT) == app.first.controller.neurons
        assert len(workspace.selected(ANT)) == 1


async def test_the_curve_and_the_placebo_come_when_keys_rest(workspace):
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test() as pilot:
        controller = app.first.controller
        await until(pilot, lambda: controller.curve is not None and controller.random is not None)
        await settled(pilot)
        whole = preview_ablation(workspace.planted.cache(), ANT, top="24", with_curve=True)
        assert controller.curve == whole.curve
        assert all(name in shown(pilot) for name in ("━ ablated", "╍ bias shift", "┄ placebo"))
        assert "[24]" in shown(pilot)
        await pilot.press("right_square_bracket")
        assert controller.curve is None  # of another scale
        assert "computing the curve" in app.first.query_one(Chart).empty
        await until(pilot, lambda: controller.curve is not None)


@pytest.mark.parametrize("name", ["canterbury bells", "花" * 60])
async def test_a_long_name_pushes_no_figure_off_its_line(workspace, monkeypatch, name):
    monkeypatch.setattr(WhatIfController, "name", name)
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test(size=(80, 24)) as pilot:
        controller = app.first.controller
        await until(pilot, lambda: controller.random is not None)
        await settled(pilot)
        told = shown(pilot).splitlines()
        assert f"broken {len(controller.answer.whatif.broken)}" in told[2]
        assert f"placebo (random neurons) {percent(controller.random.target)}" in told[4]


async def test_fixed_and_broken_images_are_shown_by_class(workspace):
    app = Host(WhatIfScreen(workspace, ANT, (1, 2, 9)))
    async with app.run_test() as pilot:
        await settled(pilot)
        whatif = app.first.controller.answer.whatif
        gallery, table = app.first.query_one(Gallery), app.first.query_one("#changes", Table)
        assert gallery.count == len(whatif.fixed) + len(whatif.broken)
        assert not gallery.display
        table.focus()
        names = [change.name for change in whatif.classes if change.fixed or change.broken]
        await pilot.press("G", "enter")
        await settled(pilot)
        assert gallery.display
        assert gallery.has_focus
        assert any(name in shown(pilot) for name in names)
        await pilot.press("i")
        await settled(pilot)
        assert not gallery.display
        await pilot.resize_terminal(160, 48)
        await settled(pilot)
        assert gallery.display
        assert table.display


@pytest.mark.parametrize(
    ("index", "neurons", "sentence"),
    [
        (FOX, (), "fox has no mistakes on valid"),
        (ANT, (99,), "No neuron 99: this model's are 0 to 23."),
    ],
)
async def test_a_question_without_answer_is_one_sentence(workspace, index, neurons, sentence):
    app = Host(WhatIfScreen(workspace, index, neurons))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert sentence in " ".join(str(app.first.query_one("#answer", Static).render()).split())
        await pilot.press("right", "r", "t", "e", "y")
        await pilot.pause()
        assert not app.posted(ToEdit)
        assert not app.posted(Copied)


async def test_missing_features_are_extracted(workspace):
    workspace.cached = False
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert workspace.last.request == FeaturesRequest(split="valid")
        assert "Extracting the features of valid" in shown(pilot)
        await pilot.press("right", "r", "t", "e", "y")
        assert not app.posted(ToEdit)
        workspace.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "R retries, escape goes back" in shown(pilot))
        await pilot.press("R")
        workspace.cached = True
        workspace.last.end()
        await until(pilot, lambda: "top N ◀ 24 ▶ of 24" in shown(pilot))
        assert len(workspace.made) == 1
