"""Groups in the form of an edit: none, the data's own, found, or those of a grouping."""

import pytest

from engine.editing.planning import make_plan
from engine.grouping.laying import overlay
from engine.grouping.store import Member, Origin, load, save
from engine.schema.requests import EditRequest
from screens.edit.form import begin, field_of, filled, options, request_of, words_of
from screens.edit.screen import EditScreen
from screens.messages import Copied
from screens.widgets.choice import Choice
from tests.screens.conftest import Host, settled, shown
from tests.screens.planted import NAMES
from tests.screens.planted_kinds import ANT, plant_kinds


def stored(workspace, name, splits=("valid",)):
    """A grouping by the truth."""
    members = [
        Member(sample.path, split, NAMES[sample.label], "eo"[int(sample.path[-5]) % 2])
        for split in splits
        for sample in workspace.split(split).samples
    ]
    return save(workspace.home, name, members, Origin(source="csv"))


async def choose(pilot, name, word):
    """Turn a choice until it is at a word."""
    field = pilot.app.screen.query_one(f"#{name}", Choice)
    field.focus()
    for _ in range(field.words.index(word)):
        await pilot.press("right")
    await settled(pilot)
    assert field.value == word


def groups_line(pilot):
    return next(line for line in shown(pilot).splitlines() if line.startswith(" groups"))


async def test_a_grouping_is_chosen_said_asked_for_and_copied(tmp_path):
    workspace = plant_kinds(tmp_path, groups=True)
    stored(workspace, "truth")
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test(size=(130, 40), message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "◀ the data's own ▶" in groups_line(pilot)
        await pilot.press("y")
        await choose(pilot, "group_by", "truth")
        said = " ".join(shown(pilot).split())
        assert "those of the grouping truth, instead of the data's own" in said
        await pilot.press("y", "ctrl+r")
        await settled(pilot)
        request = EditRequest(classes=(ANT,), group_by="truth")
        assert workspace.last.request == request
        laid = overlay(load(workspace.home, "truth"), workspace.planted.cache())
        plan = make_plan(workspace.planted.cache().with_groups(laid), request, tested=False)
        assert plan.notes[0][:60] in " ".join(shown(pilot).split())
    without, named = (message.text for message in app.posted(Copied))
    assert "--group-by" not in without
    assert "edit --class ant --group-by truth -w" in named


async def test_a_method_that_needs_groups_is_offered_and_says_what_it_lacks(tmp_path):
    workspace = plant_kinds(tmp_path)
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test(size=(130, 40)) as pilot:
        await settled(pilot)
        assert "◀ none ▶" in groups_line(pilot)
        await choose(pilot, "method", "dfr")
        assert "✗ needed: → takes found" in groups_line(pilot)
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert not workspace.made
        assert app.focused.id == "group_by"
        assert "dfr needs groups: take found," in shown(pilot)
        await pilot.press("right")
        await settled(pilot)
        assert "◀ found ▶" in groups_line(pilot)
        assert "✗" not in shown(pilot)
        assert "found without labels for this edit," in shown(pilot)
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert workspace.last.request == EditRequest(classes=(ANT,), method="dfr", group_by="found")


async def test_auto_without_groups_finds_some_itself(tmp_path):
    app = Host(EditScreen(plant_kinds(tmp_path), ANT))
    async with app.run_test(size=(130, 40)) as pilot:
        await settled(pilot)
        await choose(pilot, "method", "auto")
        assert "none are named, and auto finds some itself" in " ".join(shown(pilot).split())


async def test_a_grouping_of_one_split_is_refused_where_an_edit_trains_on_another(tmp_path):
    workspace = plant_kinds(tmp_path)
    stored(workspace, "here")
    stored(workspace, "both", ("valid", "train"))
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test(size=(130, 40)) as pilot:
        await settled(pilot)
        await choose(pilot, "method", "focal")
        await choose(pilot, "group_by", "here")
        await pilot.press("ctrl+r")
        await settled(pilot)
        said = " ".join(shown(pilot).split())
        assert "✗ The grouping here has no value for any image of train" in said
        assert not workspace.made
        await pilot.press("left")
        await settled(pilot)
        assert "◀ both ▶" in groups_line(pilot)
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert workspace.last.request.group_by == "both"


async def test_a_run_by_a_grouping_that_is_gone_is_still_shown(tmp_path):
    workspace = plant_kinds(tmp_path, groups=True)
    workspace.submit(EditRequest(classes=(ANT,), group_by="gone"))
    app = Host(EditScreen(workspace, ANT))
    async with app.run_test(size=(130, 40)) as pilot:
        await settled(pilot)
        assert "◀ gone ▶" in groups_line(pilot)


@pytest.mark.parametrize("name", [None, "found", "kinds"])
def test_a_form_filled_from_a_request_asks_for_its_groups_again(name):
    request = EditRequest(classes=(2,), method="dfr", group_by=name)
    assert request_of(filled(request), 2) == request
    flag = () if name is None else ("--group-by", name)
    assert words_of(filled(request), "cat", None) == (
        "edit", "--class", "cat", "--method", "dfr", *flag
    )  # fmt: skip


def test_what_the_data_lacks_is_not_offered():
    field = field_of("group_by")
    assert options(field, grouped=False, stored=["a", "found"]) == ("none", "found", "a")
    assert options(field, grouped=True) == ("the data's own", "found")
    assert begin((), "auto")["group_by"] == "none"
