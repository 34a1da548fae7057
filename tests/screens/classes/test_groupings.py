"""Groups in the list of classes: shown in turn, found in the preview, made by a dialog."""

import numpy as np
import pytest
from textual.widgets import Input, Static

from engine.clip.image_features import find_clip_features
from engine.evaluation.scores import score
from engine.grouping.laying import overlay, without_looked_at
from engine.grouping.store import Member, Origin, load, names, save
from engine.schema.requests import ClipRequest, FeaturesRequest
from screens.classes.screen import ClassesScreen
from screens.classes.table import ClassTable, GroupTable
from screens.messages import Copied
from screens.new_grouping import NewGrouping
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.planted import NAMES
from tests.screens.planted_clip import plant_clip
from tests.screens.planted_kinds import ANT, DOG, extract_training, plant_kinds


@pytest.fixture
def workspace(tmp_path):
    return plant_kinds(tmp_path, groups=True)


def made_elsewhere(workspace, name, value=lambda sample: "odd" if "1.png" in sample.path else "e"):
    """A grouping, as another terminal makes one."""
    samples = workspace.planted.split.samples
    members = [Member(s.path, "valid", NAMES[s.label], value(s)) for s in samples]
    return save(workspace.home, name, members, Origin(source="csv"))


def top(pilot):
    return shown(pilot).splitlines()[0]


async def turned(pilot, to):
    """Press `u`, and wait until it shows a grouping."""
    await pilot.press("u")
    await until(pilot, lambda: f"groups by {to}" in top(pilot) and "loading" not in shown(pilot))


async def test_u_goes_round_classes_the_datas_groups_and_each_grouping(workspace):
    made_elsewhere(workspace, "odd")
    made_elsewhere(workspace, "even")
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        worst = score(workspace.planted.cache()).worst_group_accuracy
        assert f"worst group {100 * worst:.1f}%" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert "the data's groups" in top(pilot)
        assert app.first.query_one(GroupTable).count == 2
        assert app.first.command_line() == ["classes", "--groups"]
        for name in ("even", "odd"):
            await turned(pilot, name)
            laid = overlay(load(workspace.home, name), workspace.planted.cache())
            by_it = score(workspace.planted.cache().with_groups(laid)).worst_group_accuracy
            assert by_it != worst
            assert f"worst group {100 * by_it:.1f}% by {name}" in shown(pilot)
            assert f"on all images that have a value in {name}" in shown(pilot)
            assert app.first.command_line() == ["classes", "--group-by", name]
        await pilot.press("u")
        await settled(pilot)
        assert "group" not in top(pilot)
        assert app.first.query_one(ClassTable).has_focus
        assert app.first.command_line() == ["classes"]


async def test_a_grouping_made_in_another_terminal_is_there_on_return(tmp_path):
    workspace = plant_kinds(tmp_path)
    app = Host(ClassesScreen(workspace))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert not app.first.grouped
        made_elsewhere(workspace, "later")
        app.first.on_screen_resume()
        await settled(pilot)
        await turned(pilot, "later")
        assert "ant × odd" in shown(pilot)


async def test_a_damaged_grouping_is_a_sentence_and_the_next_is_shown(workspace):
    made_elsewhere(workspace, "a")
    made_elsewhere(workspace, "b")
    (workspace.home / "groups" / "a.csv").write_text("path,value\nx.png,one\nx.png,two\n")
    app = Host(ClassesScreen(workspace))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("u", "u")
        await until(pilot, lambda: "✗" in shown(pilot))
        assert "x.png has two values" in " ".join(shown(pilot).split())
        await turned(pilot, "b")
        assert "✗" not in shown(pilot)


async def test_found_groups_are_scored_where_they_were_not_found_and_say_their_purity(workspace):
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        assert app.first.query_one(ClassTable).key == ANT
        await pilot.press("g")
        await settled(pilot)
        assert isinstance(app.screen, NewGrouping)
        assert "kinds" in app.screen.query_one(Input).value
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.first)
        assert "Made kinds: like its mistakes 40, like the others 40." in " ".join(
            shown(pilot).split()
        )
        await turned(pilot, "kinds")
        said = shown(pilot)
        assert "purity 1.00 against the data's groups" in said
        assert "without the 120 images that kinds was found on" in said
        cache = workspace.planted.cache()
        laid = without_looked_at(overlay(load(workspace.home, "kinds"), cache))
        held_out = cache.predicted[laid.groups == laid.named.index("ant × like its mistakes")]
        row = next(line for line in said.splitlines() if "ant × like its mistakes" in line)
        assert f"{100 * np.mean(held_out == ANT):.1f}%" in row
        assert f" {len(held_out)} " in row


async def test_the_preview_says_the_kinds_of_the_class_under_the_cursor_or_why_not(workspace):
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(160, 40)) as pilot:
        kinds = app.first.query_one("#preview-kinds", Static)
        await until(pilot, lambda: "two kinds found" in shown(pilot))
        said = " ".join(str(kinds.content).split())
        assert "10 images 10% right | 10 images 100% right" in said
        assert "stable in 100% of resamples" in said
        await pilot.press("j")
        await until(pilot, lambda: "no two kinds of mistakes found" in shown(pilot))
        said = " ".join(str(kinds.content).split())
        assert (
            "its 6 mistakes are no kind of their own (stable in" in said
            or "may lie together by chance" in said
        )
        await pilot.press("k")
        await until(pilot, lambda: "two kinds found" in shown(pilot))
        app.first.query_one(ClassTable).move_to_key(DOG)
        await until(pilot, lambda: "dog: 0 mistakes" in shown(pilot))
        await settled(pilot)
        assert "kinds" not in shown(pilot)  # nothing to tell apart


async def test_the_dialog_makes_it_for_all_classes_and_the_training_split_and_copies_it(workspace):
    app = Host(ClassesScreen(workspace))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)
        await pilot.press(*["backspace"] * 5, *"birds", "down", "right", "y")
        await pilot.pause()
        assert app.posted(Copied)[0].text.startswith(
            "neuroinspect-tui groups make birds --space features -w "
        )
        await pilot.press("left", "y", "ctrl+r")
        await pilot.pause()
        assert "groups make birds --class ant --space features -w" in app.posted(Copied)[1].text
        await until(pilot, lambda: app.screen is app.first)
        grouping = load(workspace.home, "birds")
        assert {m.split for m in grouping.members if m.value} == {"valid", "train"}
        assert grouping.origin.kinds[0].name == "ant"
        assert len(grouping.origin.kinds) == 1


async def test_what_is_refused_is_a_sentence_in_the_dialog(workspace):
    made_elsewhere(workspace, "taken")
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.first.query_one(ClassTable).move_to_key(DOG)
        await pilot.press("g")
        await settled(pilot)
        dialog, field = app.screen, app.screen.query_one(Input)
        for name, said in (
            ("taken", "There is a grouping taken already"),
            ("../up", "is no name for a grouping"),
            (
                "fine",
                "No two kinds of images were found in the classifier's own features "
                "(dog: too few mistakes to group (0)).",
            ),
        ):
            field.value = name
            field.focus()
            await pilot.press("enter")
            await until(pilot, lambda said=said: said in " ".join(shown(pilot).split()))
            assert app.screen is dialog
        await pilot.press("escape")
        assert app.screen is app.first
        assert names(workspace.home) == ["taken"]


async def test_without_the_training_splits_features_it_says_so_and_can_extract_them(tmp_path):
    workspace = plant_kinds(tmp_path, training=False)
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("g")
        await until(pilot, lambda: "the features of train are not extracted" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.first)
        assert {m.split for m in load(workspace.home, "kinds").members} == {"valid"}
        assert not workspace.made
        await pilot.press("g")
        await settled(pilot)
        assert app.screen.query_one(Input).value == "kinds-2"
        await pilot.press("down", "down", "right", "ctrl+r")
        await until(pilot, lambda: bool(workspace.made))
        assert workspace.last.request == FeaturesRequest(split="train")
        assert names(workspace.home) == ["kinds"]
        extract_training(workspace.planted)
        workspace.last.end()
        await until(pilot, lambda: app.screen is app.first)
        both = load(workspace.home, "kinds-2")
        assert {m.split for m in both.members} == {"valid", "train"}


async def test_a_dialog_that_is_left_makes_nothing(workspace, monkeypatch):
    app = Host(ClassesScreen(workspace))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)
        dialog, cache = app.screen, workspace.cache

        def slowly(split=None, *, on=None):
            if app.screen is dialog:
                app.call_from_thread(dialog.action_leave)
            return cache(split, on=on)

        monkeypatch.setattr(workspace, "cache", slowly)
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is app.first
        assert names(workspace.home) == []


async def test_where_clip_has_seen_the_images_the_clearer_space_is_the_default(tmp_path):
    workspace = plant_kinds(tmp_path, training=False)
    clipped = plant_clip(workspace.planted, workspace.planted.cache())
    workspace.source = clipped.source
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(160, 40), message_hook=app.hear) as pilot:
        await until(pilot, lambda: "in CLIP's image features" in " ".join(shown(pilot).split()))
        await pilot.press("g")
        await until(pilot, lambda: "◀ where they are clearer ▶" in shown(pilot))
        await pilot.press("ctrl+y", "enter")
        await until(pilot, lambda: app.screen is app.first)
    assert "groups make kinds --class ant --split valid -w" in app.posted(Copied)[0].text
    origin = load(workspace.home, "kinds").origin
    assert origin.space == "clip"
    assert origin.why.startswith("The gaps between kinds are clearer there")
    assert origin.clip


async def test_without_clips_features_its_own_are_the_default_and_clip_is_a_job(tmp_path):
    workspace = plant_kinds(tmp_path, training=False)
    cache = workspace.planted.cache()
    workspace.source = plant_clip(workspace.planted, cache).source
    directory, _ = find_clip_features(workspace.home, workspace.source, cache, whole=True)
    away = directory.with_name("away")
    directory.rename(away)
    app = Host(ClassesScreen(workspace))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)
        assert "◀ in the classifier's own ▶" in shown(pilot)
        await pilot.press("down", "down", "right", "right")
        await pilot.pause()
        assert "◀ in CLIP's features ▶" in shown(pilot)
        assert "CLIP sees every image once for this, in a job" in shown(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: bool(workspace.made))
        assert workspace.last.request == ClipRequest(split="valid", whole=True)
        assert names(workspace.home) == []
        away.rename(directory)
        workspace.last.end()
        await until(pilot, lambda: app.screen is app.first)
    assert load(workspace.home, "kinds").origin.space == "clip"
