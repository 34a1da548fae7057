"""The first screen: the classes, while and after their images are evaluated; what each opens."""

import numpy as np
from textual.app import App, ComposeResult
from textual.widgets import Input

from engine.editing.heads import Head
from engine.evaluation.scores import Labelled, score, score_labelled
from engine.schema.errors import StorageError
from screens.classes.listing import Listing
from screens.classes.preview import ClassPreview
from screens.classes.screen import ClassesScreen
from screens.classes.skipped import SkippedImages
from screens.classes.table import ClassTable
from screens.messages import Copied, ToEdit, ToMistakes, ToNeurons, ToWhatIf
from screens.widgets.gallery import Gallery
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.erring import erring, plant_edit, skip_images
from tests.screens.planted import NAMES, plant


def names(app):
    table = app.screen.query_one(ClassTable)
    return [NAMES[index] for index in table.keys]


def worst_first(workspace):
    classes = score(workspace.planted.cache()).classes
    return [entry.name for entry in sorted(classes, key=lambda entry: entry.accuracy or 0)]


async def test_the_worst_comes_first_and_leads_on(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert names(app) == worst_first(wrong)
        said = shown(pilot)
        assert said.startswith(" data · test_resnet · valid 72")
        assert "accuracy 54.17%   mean class 54.2%   worst class 16.7%" in said
        assert "33 mistakes in 5 classes   19 suspect labels (?)   no edit applied" in said
        assert "[4.7 44.8]" in said
        assert "dog 6, bee 2" in said
        await pilot.press("j", "enter", "n", "w", "e", "y")
        await pilot.pause()
        fox = worst_first(wrong)[1]
        for kind in (ToMistakes, ToNeurons, ToWhatIf, ToEdit):
            [posted] = app.posted(kind)
            assert wrong.planted.split.classes[posted.class_index] == fox
        assert app.posted(Copied)[0].text.startswith("neuroinspect-tui classes -w ")


async def test_r_writes_a_report_and_says_where(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear, notifications=True, size=(160, 40)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        said = "The report is written"
        await until(pilot, lambda: said in shown(pilot))
        assert "report.html" in shown(pilot)
        wrong.refusal = "No space is left [here]."
        await pilot.press("r")
        await until(pilot, lambda: wrong.refusal in shown(pilot))


async def test_without_features_there_is_nothing_to_report(wrong):
    wrong.cached = False
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear) as pilot:
        await until(pilot, lambda: bool(wrong.made))
        assert app.screen.check_action("report", ()) is False


async def test_a_class_without_mistakes_leads_nowhere(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear, notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("G", "enter")
        await until(pilot, lambda: "dog has no mistakes in valid." in shown(pilot))
        assert not app.posted(ToMistakes)


async def test_a_filter_narrows_as_it_is_typed(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("slash", "e")
        await pilot.pause()
        assert sorted(names(app)) == ["bee", "eel"]
        await pilot.press("E")
        await pilot.pause()
        assert sorted(names(app)) == ["bee", "eel"]
        await pilot.press("backspace", "enter", "j", "enter")
        await pilot.pause()
        assert app.posted(ToMistakes)[0].class_index == 1
        await pilot.press("slash", "x", "q")
        await pilot.pause()
        assert "No class name contains 'xq'. Escape shows all classes." in shown(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert len(names(app)) == 6
        assert not app.screen.query_one(Input).display
        assert app.screen.query_one(ClassTable).has_focus


async def test_orders_go_round_and_the_command_has_them(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("s")
        assert app.first.command_line() == ["classes"]
        await pilot.press("s")
        assert app.first.command_line() == ["classes", "--sort", "n"]
        assert "n▼" in shown(pilot) or "▼n" in shown(pilot)
        await pilot.press("s")
        assert names(app) == sorted(names(app))
        assert app.first.command_line() == ["classes", "--sort", "name"]
        await pilot.press("s")  # without an applied edit there is no gain
        assert names(app) == worst_first(wrong)


async def test_groups_take_the_place_of_classes(tmp_path):
    wrong = erring(plant(tmp_path, groups=True))
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "worst group" in shown(pilot)
        await pilot.press("u", "enter")
        await pilot.pause()
        said = shown(pilot)
        assert "land" in said
        assert "sea" in said
        assert "top confusions" not in said
        assert app.first.command_line() == ["classes", "--groups"]
        assert not app.posted(ToMistakes)
        await pilot.press("u", "enter")
        await pilot.pause()
        assert app.posted(ToMistakes)


async def test_a_workspace_that_cannot_be_read_says_why(wrong, monkeypatch):
    def cache(split: str | None = None, *, on: str | None = None) -> None:
        raise StorageError("This workspace has no weights yet.")

    with monkeypatch.context() as broken:
        broken.setattr(wrong, "cache", cache)
        app = Host(ClassesScreen(wrong))
        async with app.run_test() as pilot:
            await settled(pilot)
            assert "✗ This workspace has no weights yet." in shown(pilot)
            assert "R retries" in shown(pilot)
            broken.undo()
            await pilot.press("R")
            await settled(pilot)
            assert "33 mistakes" in shown(pilot)
            assert "✗" not in shown(pilot)


async def test_the_applied_edit_is_compared_with_the_original(wrong):
    planted = wrong.planted
    edit = plant_edit(planted, class_index=4, bias=30.0)
    wrong.apply(edit)
    cache = planted.cache()
    head = Head.of(cache)
    head.bias[4] += 30.0
    after = score(cache, head.predict(cache, np.arange(cache.meta.n)))
    before = score(cache)
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        moved = 100 * (after.classes[4].accuracy - before.classes[4].accuracy)
        assert moved > 50
        assert f"{moved:+.1f}" in shown(pilot)
        overall = 100 * (after.accuracy - before.accuracy)
        assert f"edit {edit} applied, {overall:+.1f}" in shown(pilot)
        await pilot.press("s", "s", "s", "s")
        assert names(app)[0] == "eel"
        assert "by gain" in shown(pilot)
        wrong.apply(None)
        app.first.on_screen_resume()
        await settled(pilot)
        assert "no edit applied" in shown(pilot)
        assert "▼" not in shown(pilot)


async def test_a_damaged_applied_edit_is_reported_and_hides_nothing(wrong):
    edit = plant_edit(wrong.planted, 4, 1.0)
    wrong.apply(edit)
    (wrong.home / "edits" / edit / "head.safetensors").write_bytes(b"torn")
    app = Host(ClassesScreen(wrong))
    async with app.run_test(size=(200, 30)) as pilot:
        await settled(pilot)
        assert "head.safetensors is missing or damaged" in shown(pilot)
        assert len(names(app)) == 6


async def test_a_wide_terminal_previews_the_class(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test(size=(80, 24), message_hook=app.hear) as pilot:
        await settled(pilot)
        preview = app.first.query_one(ClassPreview)
        assert not preview.display
        await pilot.resize_terminal(130, 40)
        await until(pilot, lambda: "eel: 10 mistakes of 12" in shown(pilot))
        assert "too strong" in shown(pilot)
        assert preview.query_one(Gallery).count == 10
        await pilot.press("j")
        await until(pilot, lambda: "fox: 8 mistakes of 12" in shown(pilot))
        await pilot.press("G")
        await until(pilot, lambda: "dog: 0 mistakes of 12" in shown(pilot))
        assert "no mistakes" in shown(pilot)
        await pilot.resize_terminal(60, 12)
        await settled(pilot)
        assert not preview.display
        assert app.screen.query_one(ClassTable).key == 3


async def test_skipped_images_are_listed_on_demand(wrong):
    skip_images(wrong.planted, "valid/000_ant/torn.png", "valid/001_bee/empty.png")
    app = Host(ClassesScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "2 images skipped (i lists them)" in shown(pilot)
        await pilot.press("i")
        await settled(pilot)
        assert isinstance(app.screen, SkippedImages)
        assert "valid/001_bee/empty.png" in shown(pilot)
        assert "truncated" in shown(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.first


async def test_of_any_number_of_classes_only_visible_rows_are_made():
    classes = 21_841
    draw = np.random.default_rng(0)
    labels = draw.integers(0, classes, 50_000)
    images = Labelled(labels, [f"class {k}" for k in range(classes)], None, ())
    listing = Listing(score_labelled(images, draw.integers(0, classes, 50_000), "valid"))
    asked: list[str] = []

    class Counting(ClassTable):
        def cells(self, entry, gain):
            asked.append(entry.name)
            return super().cells(entry, gain)

    class Holder(App[None]):
        def compose(self) -> ComposeResult:
            yield Counting("class", confusions=True, id="classes")

    app = Holder()
    async with app.run_test() as pilot:
        table = app.query_one(Counting)
        table.list_classes(listing, "accuracy", "")
        await pilot.press("G", "home", "j", "pagedown", "ctrl+u", "G")
        await pilot.pause()
        assert table.count == classes
        assert table.index == classes - 1
        assert len(asked) < 200
