"""What-if: what is asked with keys, answered at once, and handed on."""

import pytest
from textual.widgets import Static

from engine.ablation.query import preview_ablation
from screens.messages import Copied, ToEdit
from screens.whatif.controller import Inquiry
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
        assert app.first.inquiry.question.top == 1
        await pilot.press("right", "right")
        await settled(pilot)
        alone = preview_ablation(workspace.planted.cache(), ANT, top="3")
        assert app.first.inquiry.answer.whatif == alone
        assert f"won {len(alone.fixed)} · lost {len(alone.broken)}" in shown(pilot)
        assert f"ant 50.0 → {100 * alone.after.target:.1f}%" in shown(pilot)
        assert "ant › what if the top 3 were zeroed" in shown(pilot)
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
        await pilot.press("left_square_bracket", *["right_square_bracket"] * 5, "r", "s", "s")
        await settled(pilot)
        question = app.first.inquiry.question
        assert (question.scale, question.rows, question.by) == (0.5, "all", "contribution")
        assert "all rows" in shown(pilot)
        assert "scaled by 0.5" in shown(pilot)
        top = str(question.top)
        assert app.first.inquiry.answer.whatif == preview_ablation(
            workspace.planted.cache(), ANT, top=top, by="contribution", scale=0.5, rows="all"
        )
        await pilot.press("y", "e")
        await pilot.pause()
        said = app.posted(Copied)[0].text
        assert f"--top {top} --by contribution --scale 0.5 --rows all" in said
        assert app.posted(ToEdit)[0].neurons == app.first.inquiry.neurons  # not the edit's order


async def test_ticked_neurons_are_switched_and_ticked_again(workspace):
    workspace.select(ANT, (7, 3, 12))
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "3 of 3 neurons on" in shown(pilot)
        await pilot.press("j", "space")
        await settled(pilot)
        assert "2 of 3 neurons on" in shown(pilot)
        assert "3  [ ] as is" in shown(pilot)
        chosen = preview_ablation(workspace.planted.cache(), ANT, chosen=(7, 12))
        assert app.first.inquiry.answer.whatif == chosen
        await pilot.press("e", "t")
        await pilot.pause()
        assert app.posted(ToEdit)[0].neurons == (7, 12)
        assert workspace.selected(ANT) == (7, 12)
        await pilot.press("m", "H", "H", "H", "t")
        await settled(pilot)
        assert workspace.selected(ANT) == app.first.inquiry.neurons
        assert len(workspace.selected(ANT)) == 1


async def test_the_curve_and_the_random_neurons_come_when_keys_rest(workspace):
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test() as pilot:
        inquiry = app.first.inquiry
        await until(pilot, lambda: inquiry.curve is not None and inquiry.random is not None)
        await settled(pilot)
        whole = preview_ablation(workspace.planted.cache(), ANT, top="24", with_curve=True)
        assert inquiry.curve == whole.curve
        assert all(name in shown(pilot) for name in ("━ zeroed", "╍ one bias", "┄ random"))
        assert "[24]" in shown(pilot)
        await pilot.press("right_square_bracket")
        assert inquiry.curve is None  # of another scale
        assert "working out the curve" in app.first.query_one(Chart).empty
        await until(pilot, lambda: inquiry.curve is not None)


@pytest.mark.parametrize("name", ["canterbury bells", "花" * 60])
async def test_a_long_name_pushes_no_figure_off_its_line(workspace, monkeypatch, name):
    monkeypatch.setattr(Inquiry, "name", name)
    app = Host(WhatIfScreen(workspace, ANT))
    async with app.run_test(size=(80, 24)) as pilot:
        inquiry = app.first.inquiry
        await until(pilot, lambda: inquiry.random is not None)
        await settled(pilot)
        told = shown(pilot).splitlines()
        assert f"lost {len(inquiry.answer.whatif.broken)}" in told[2]
        assert f"as many random neurons: {percent(inquiry.random.target)}" in told[4]


async def test_images_won_and_lost_are_shown_by_class(workspace):
    app = Host(WhatIfScreen(workspace, ANT, (1, 2, 9)))
    async with app.run_test() as pilot:
        await settled(pilot)
        whatif = app.first.inquiry.answer.whatif
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
    ("index", "cached", "neurons", "sentence"),
    [
        (FOX, True, (), "fox has no mistakes on valid"),
        (ANT, False, (), "The images are not read yet"),
        (ANT, True, (99,), "No neuron 99: this model's are 0 to 23."),
    ],
)
async def test_what_cannot_be_asked_is_one_sentence(workspace, index, cached, neurons, sentence):
    workspace.cached = cached
    app = Host(WhatIfScreen(workspace, index, neurons))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert sentence in " ".join(str(app.first.query_one("#answer", Static).render()).split())
        await pilot.press("right", "r", "t", "e", "y")
        await pilot.pause()
        assert not app.posted(ToEdit)
        assert not app.posted(Copied)
