"""Edit: a form with defaults, its errors, the run live, and the comparison it opens."""

import pytest

from engine.editing.planning import make_plan
from engine.schema.edits import EditEpoch
from engine.schema.errors import DataError
from engine.schema.records import Outcome
from engine.schema.requests import EditRequest
from screens.edit.form import begin, field_of, filled, options, problems, request_of, words_of
from screens.edit.live import Live
from screens.edit.screen import EditScreen
from screens.edit.summary import CONTROLS, summarize
from screens.messages import Copied, ToCompare
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace
from tests.screens.planted_edit import plant_harder, saved_edit

ANT, FOX = 0, 5
TO_RATIO = options(field_of("method"), grouped=False).index("ratio")
"""How often the choice of a method is turned until it is ratio."""


@pytest.fixture
def workspace(tmp_path) -> FakeWorkspace:
    return FakeWorkspace(plant_harder(tmp_path))


def outcome(target: float) -> Outcome:
    return Outcome(overall=0.9, target=target, worst_class=0.3, worst_group=None)


def epoch(number: int) -> EditEpoch:
    return EditEpoch(
        epoch=number, epochs=20, edit=outcome(0.5 + number / 100),
        controls={"lambda 0": outcome(0.5)}, seconds_left=19.0,
    )  # fmt: skip


async def test_zero_needs_nothing_runs_live_and_leads_to_its_comparison(workspace):
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert workspace.last.request == EditRequest(classes=(ANT,))
        workspace.last.feed(epoch(1), epoch(2))
        await until(pilot, lambda: "edit 52.0%   lambda 0 50.0%" in shown(pilot))
        assert "epoch 2/20" in shown(pilot)
        assert "0:19 left" in shown(pilot)
        await pilot.resize_terminal(160, 48)
        await settled(pilot)
        assert "test split" in shown(pilot)  # the form beside the curves
        record = saved_edit(workspace.planted)
        workspace.last.feed(record)
        workspace.last.end()
        await until(pilot, lambda: bool(app.posted(ToCompare)))
        assert app.posted(ToCompare)[0].edit == record
        assert app.first.query_one("#run").has_focus


async def test_a_run_that_ends_behind_another_screen_waits_to_be_looked_at(workspace):
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await app.push_screen(EditScreen(workspace, FOX))
        await settled(pilot)
        record = saved_edit(workspace.planted)
        workspace.last.feed(record)
        workspace.last.end()
        await until(pilot, lambda: not app.first.job_line.running)
        assert not app.posted(ToCompare)
        app.pop_screen()
        await until(pilot, lambda: bool(app.posted(ToCompare)))
        assert app.posted(ToCompare)[0].edit == record


async def test_only_fields_that_matter_are_shown_and_become_the_command(workspace):
    app = Host(EditScreen(workspace, ANT, top="40"))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "epochs" not in shown(pilot)
        await pilot.press("down")
        assert app.focused.id == "method"
        await pilot.press(*["right"] * TO_RATIO, "down")
        await settled(pilot)
        assert all(word in shown(pilot) for word in ("epochs", "strength", "◀ wide ▶", "0.001"))
        await pilot.press("l", "down", "down")
        await settled(pilot)
        assert app.focused.id == "top"
        await pilot.press("end", "backspace", "down", "y")  # in the field, y would be text
        await pilot.pause()
        said = app.posted(Copied)[0].text
        assert "edit --class ant --method ratio --preset paper --top 4 -w" in said
        await pilot.press("ctrl+r")
        await settled(pilot)
        asked = EditRequest(classes=(ANT,), method="ratio", preset="paper", top="4")
        assert workspace.last.request == asked


async def test_wrong_input_is_shown_beside_its_field_and_nothing_starts(workspace):
    app = Host(EditScreen(workspace, ANT, (7, 3)))
    async with app.run_test() as pilot:
        await settled(pilot)
        app.first.query_one("#seeds").focus()
        await pilot.press("0", "0", "ctrl+r")
        await settled(pilot)
        line = next(line for line in shown(pilot).splitlines() if "seeds" in line)
        assert "✗ give 1 to 100" in line
        assert not workspace.made
        await pilot.press("backspace", "backspace", "3")
        app.first.query_one("#test_split").focus()
        await pilot.press(*"[/no]", "ctrl+r")
        await settled(pilot)
        assert "✗" in shown(pilot)
        assert "[/no]" in shown(pilot)
        assert not workspace.made
        await pilot.press(*["backspace"] * 5, "enter", "ctrl+r")
        await settled(pilot)
        assert workspace.last.request == EditRequest(classes=(ANT,), neurons=(7, 3), seeds=3)


async def test_the_summary_is_beside_the_form_until_it_runs(workspace):
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "the selection images alone" in shown(pilot)
        await pilot.press("down", *["right"] * TO_RATIO)
        await settled(pilot)
        said = shown(pilot)
        assert "train, epochs 20, seeds 5" in said
        assert all(name in said for name in CONTROLS)
        lines = said.splitlines()
        button = next(n for n, line in enumerate(lines) if " Run " in line)
        assert lines[button + 1].startswith(" trains until the class keeps")
        assert "the curves begin" not in said
        await pilot.press("ctrl+r")
        await settled(pilot)
        workspace.last.lines += ["reading", "step 1 of 2"]
        workspace.last.feed(epoch(1))
        await until(pilot, lambda: "step 1 of 2" in shown(pilot))
        assert "edit 51.0%" in shown(pilot)
        assert "train, epochs 20" not in shown(pilot)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "the top 2 to 60% of the neurons, by contrast"),
        ({"neurons": "7 3", "rows": "all"}, "2 neurons named by you; every class may change"),
        ({"method": "ratio", "preset": "bird"}, "the top 5 of the neurons, by votes"),
        ({"method": "focal", "views": "3", "epochs": "9"}, "3 views of train, epochs 9, seeds 5"),
        ({"method": "afr", "seeds": "2"}, "the selection images alone, seeds 2"),
        ({"method": "dfr"}, "the selection images alone, seeds 5"),
        ({"method": "auto"}, "one half of the 72 images of valid: the worst group decides, cross"),
        ({"test_split": "test"}, "all 72 images of valid: overall"),
        ({"select": "mistake-aware"}, "one half of the 72 images of valid: the mean over"),
    ],
)
def test_the_summary_of_a_form(changes, said):
    values = begin((), "auto") | changes
    assert said in spoken(values)


def test_only_the_controls_a_method_has_are_promised():
    found = {
        method: [name for name in CONTROLS if f"{name}: " in spoken(begin((), "auto"), method)]
        for method in ("zero", "ratio", "focal", "afr", "retrain")
    }
    assert found == {
        "zero": list(CONTROLS), "ratio": list(CONTROLS),
        "focal": ["lambda 0", "retrain", "bias shift"],
        "afr": ["retrain", "bias shift"], "retrain": ["bias shift"],
    }  # fmt: skip


def spoken(values, method=None):
    """What is said of a form, a row a line."""
    values = values if method is None else values | {"method": method}
    table = summarize(values, ("valid", 72), "train", None)
    return "\n".join(str(cell) for cell in table.columns[1].cells)


async def test_the_plan_of_a_running_edit_is_shown(workspace):
    app = Host(EditScreen(workspace, ANT, (7, 3)))
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r")
        await settled(pilot)
        [request] = [job.request for job in workspace.made]
        plan = make_plan(workspace.planted.cache(), request, tested=False)
        counts = f"{len(plan.touched)} classes may change · selects on 36 images"
        assert f"{counts} · reports on 36 images" in shown(pilot)
        [note] = plan.notes
        assert note[:60] in " ".join(shown(pilot).split())


async def test_a_class_without_mistakes_is_one_sentence(workspace):
    app = Host(EditScreen(workspace, FOX))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "fox has no mistakes on valid" in shown(pilot)
        assert not workspace.made


async def test_coming_back_finds_the_run_and_x_stops_it(workspace):
    request = EditRequest(classes=(ANT,), method="focal", epochs=7)
    workspace.submit(request)
    workspace.last.feed(epoch(3))
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "edit 53.0%" in shown(pilot))
        assert app.first.values["epochs"] == "7"
        assert app.first.job_line.job == workspace.last.id
        await pilot.press("x")
        await until(pilot, lambda: not app.first.has_class("-running"))
        assert workspace.last.state == "cancelled"
        assert "◀ focal ▶" in shown(pilot)
        await pilot.press("R")
        await until(pilot, lambda: workspace.last.state == "running")
        assert app.first.query_one(Live).display


async def test_on_an_edit_the_request_says_so(workspace):
    on = saved_edit(workspace.planted).id
    app = Host(EditScreen(workspace, ANT, on=on))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert f"on {on}" in shown(pilot)
        await pilot.press("y", "enter")
        await settled(pilot)
        assert f"--on {on}" in app.posted(Copied)[0].text
        assert workspace.last.request == EditRequest(classes=(ANT,), on=on)


async def test_what_cannot_be_listed_is_one_sentence(workspace, monkeypatch):
    def broken(name):
        raise DataError("The images are gone.")

    monkeypatch.setattr(workspace, "split", broken)
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "✗ The images are gone." in shown(pilot)


@pytest.mark.parametrize(
    "request_",
    [
        EditRequest(classes=(2,)),
        EditRequest(classes=(2,), neurons=(4, 1), rows="all", seeds=9),
        EditRequest(classes=(2,), method="ratio", preset="bird", by="votes", target=1.5, lr=0.01),
        EditRequest(classes=(2,), method="ratio", by="contribution", top="40%", strength=0.5),
        EditRequest(classes=(2,), method="dfr", select="worst-group", test_split="test"),
    ],
)
def test_a_form_filled_from_a_request_asks_for_it_again(request_):
    assert request_of(filled(request_), 2) == request_


def test_the_form_accepts_what_the_plan_accepts(tmp_path):
    cache = plant_harder(tmp_path).cache()
    for name, text, beyond in (
        ("strength", "1e6", "2e6"), ("target", "0.001", "0.0001"), ("lr", "10", "11"),
        ("seeds", "100", "101"), ("epochs", "0", "1.5"),
    ):  # fmt: skip
        values = begin((), "auto") | {"method": "ratio", name: text}
        assert problems(values) == {}
        make_plan(cache, request_of(values, ANT), tested=False)
        assert list(problems(values | {name: beyond})) == [name]
    assert problems(begin((), "4O")) == {"top": "give N, N% or auto"}
    assert words_of(begin((), "auto"), "ant", None) == ("edit", "--class", "ant")
