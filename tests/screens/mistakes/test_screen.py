"""The mistakes of a class: by predicted class, one at a time, and the correct ones too."""

from pathlib import Path

from textual.app import App, ComposeResult

from engine.evaluation.scores import correct_images, mistakes
from engine.schema.errors import StorageError
from engine.schema.records import Label, Mistake, Mistakes
from engine.schema.requests import FeaturesRequest
from screens import file_location as file_location
from screens.file_location import FileLocation
from screens.messages import Copied, ToNeurons
from screens.mistakes.grouped import GroupedImages, facts, tile
from screens.mistakes.screen import MistakesScreen, Pictures
from screens.mistakes.zoom import Zoom
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.erring import erring
from tests.screens.planted import plant

DOG, EEL = 3, 4


def pictures(app):
    return app.screen.query_one(Pictures)


async def test_mistakes_are_grouped_by_predicted_class(wrong):
    answer = mistakes(wrong.planted.cache(), EEL)
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert shown(pilot).startswith(" eel › 10 mistakes of 12")
        assert "→ dog (6)" in shown(pilot)
        gallery = pictures(app)
        assert gallery.count == 10
        first = next(m for m in answer.mistakes if m.predicted.name == "dog")
        assert gallery.key == first.path
        assert gallery.tile(0).caption == (
            f"? eel {first.p_true:.2f}".replace("0.", "."),  # confidently a dog
            f"→ dog {first.p_predicted:.2f}".replace("0.", "."),
        )  # fmt: skip
        said = shown(pilot)
        assert "eel → dog" in said
        assert "counterfactual: 8 steps" in said
        assert "too strong: " + " ".join(map(str, first.excessive)) in said
        assert "valid/004_eel" in said
        await pilot.press("l", "n", "N", "c", "y")
        await pilot.pause()
        everyone, this = app.posted(ToNeurons)
        assert (everyone.class_index, everyone.mistake) == (EEL, None)
        assert (this.class_index, this.mistake) == (EEL, gallery.key)
        path, command = app.posted(Copied)
        assert path.text == gallery.key
        assert "mistakes --class eel -w" in command.text
        assert gallery.key != first.path


async def test_the_whole_class_is_shown_too(wrong):
    cache = wrong.planted.cache()
    right = correct_images(cache, EEL)
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("l", "l")
        before = pictures(app).key
        await pilot.press("t")
        await settled(pilot)
        assert shown(pilot).startswith(" eel › all 12, 10 mistakes")
        assert pictures(app).count == 12
        assert pictures(app).key == before
        await pilot.press("G")
        await settled(pilot)
        assert "✓ correct (2)" in shown(pilot)
        assert pictures(app).key == right[-1].path
        await pilot.press("N")  # there are no neurons behind a correct one
        await pilot.press("t")
        await settled(pilot)
        assert pictures(app).count == 10
        assert not app.posted(ToNeurons)


async def test_a_key_sets_an_image_aside_and_brings_it_back(wrong):
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        first = pictures(app).key
        await pilot.press("x")
        await until(pilot, lambda: "1 set aside" in shown(pilot))
        await settled(pilot)
        assert shown(pilot).startswith(" eel › 9 mistakes of 11")
        assert pictures(app).key != first  # the cursor stays at its place
        assert len(wrong.cache().aside) == 1
        await pilot.press("G")
        await settled(pilot)
        assert pictures(app).key == first
        await pilot.press("x")
        await until(pilot, lambda: "10 mistakes of 12" in shown(pilot))
        assert not len(wrong.cache().aside)


async def test_a_class_without_mistakes_offers_its_images(wrong):
    app = Host(MistakesScreen(wrong, DOG))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "No mistakes in valid. t shows all 12 images." in shown(pilot)
        await pilot.press("n", "enter", "o", "c")
        await settled(pilot)
        assert not app.posted(ToNeurons)
        assert app.screen is app.first
        await pilot.press("t")
        await settled(pilot)
        assert pictures(app).count == 12
        await pilot.press("j")
        assert pictures(app).index


async def test_an_image_fills_the_terminal_and_the_cursor_follows(wrong):
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, Zoom)
        assert "1 of 10" in shown(pilot)
        await pilot.press("left", "right", "l")
        await settled(pilot)
        assert "3 of 10" in shown(pilot)
        await pilot.resize_terminal(40, 12)
        await settled(pilot)
        await pilot.press("c", "escape")
        await settled(pilot)
        assert app.screen is app.first
        assert pictures(app).index == 2
        assert app.posted(Copied)[0].text == pictures(app).key


async def test_a_file_is_shown_with_its_scp_command(wrong, monkeypatch):
    monkeypatch.setattr(file_location.socket, "gethostname", lambda: "box")
    monkeypatch.setattr(file_location.getpass, "getuser", lambda: "ann")
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test(size=(200, 24), message_hook=app.hear) as pilot:
        await settled(pilot)
        path = pictures(app).key
        await pilot.press("o")
        await settled(pilot)
        assert isinstance(app.screen, FileLocation)
        assert f"scp ann@box:{path} ." in shown(pilot)
        await pilot.press("y", "c", "escape")
        await settled(pilot)
        assert [copied.text for copied in app.posted(Copied)] == [f"scp ann@box:{path} .", path]
        assert app.screen is app.first


def test_a_user_without_a_name_can_fetch_too(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(file_location.socket, "gethostname", lambda: "box")
    monkeypatch.setattr(file_location.getpass, "getuser", nobody)
    assert file_location.scp_command("/data/sweet pea.png") == "scp 'box:/data/sweet pea.png' ."


async def test_missing_features_are_extracted(wrong):
    wrong.cached = False
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert wrong.last.request == FeaturesRequest(split="valid")
        assert "Extracting the features of valid" in shown(pilot)
        wrong.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "R retries, escape goes back" in shown(pilot))
        await pilot.press("R")
        wrong.cached = True
        wrong.last.end()
        await until(pilot, lambda: pictures(app).count == 10)
        assert len(wrong.made) == 1


async def test_an_extraction_that_cannot_start_is_retried(wrong):
    wrong.cached, wrong.refusal = False, "The workspace is read-only."
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "✗ The workspace is read-only." in shown(pilot)
        wrong.refusal = ""
        await pilot.press("R")
        await until(pilot, lambda: len(wrong.made) == 1)


async def test_a_damaged_cache_says_so(wrong, monkeypatch):
    def cache(split=None, *, on=None):
        raise StorageError("insufficient.npy is missing or damaged; remove it to compute it again.")

    monkeypatch.setattr(wrong, "cache", cache)
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "✗ insufficient.npy is missing or damaged" in shown(pilot)


async def test_any_size_has_room_for_the_cursors_picture(wrong):
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for size in ((160, 48), (60, 12), (31, 6), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            gallery = pictures(app)
            assert 14 <= gallery.side <= 30
            await pilot.press("G", "home", "l")
            assert gallery.index == 1


async def test_of_ten_thousand_mistakes_only_visible_tiles_are_made(tmp_path):
    true = Label(0, "ant")
    listed = Mistakes(
        class_=true,
        n=10_000,
        mistakes=tuple(
            Mistake(
                path=str(tmp_path / f"{i}.png"), true=true, predicted=Label(1 + i % 7, f"c{i % 7}"),
                p_true=0.1, p_predicted=0.8, group=None, steps=3, flipped=True, insufficient=(),
                excessive=(),
            )
            for i in range(10_000)
        ),
    )  # fmt: skip
    ordered = GroupedImages(listed)
    made = []

    class Holder(App):
        def compose(self) -> ComposeResult:
            yield Pictures(captions=2, side=14)

    app = Holder()
    async with app.run_test() as pilot:
        gallery = app.query_one(Pictures)
        gallery.show(
            10_000,
            lambda at: made.append(at) or tile(ordered.images[at]),
            ordered.sections,
            ordered.keys,
        )
        await pilot.press("G", "home", "j", "pagedown", "ctrl+u", "G")
        await pilot.pause()
        assert gallery.index == 9_999
        assert len(made) < 400


def test_what_is_known_of_an_image_in_a_group(tmp_path):
    cache = erring(plant(tmp_path, groups=True)).planted.cache()
    mistake = mistakes(cache, EEL).mistakes[0]
    lines = [line.plain for line in facts(mistake, cache.root)]
    assert f"group {mistake.group}" in lines
    assert lines[-1] == str(Path(mistake.path).relative_to(cache.root))
    long = tile(mistake, width=10)
    assert all(len(line) <= 10 for line in long.caption)


def test_mistakes_on_a_small_terminal(wrong, snap_compare):
    app = Host(MistakesScreen(wrong, EEL))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_a_whole_class_on_a_wide_terminal(wrong, snap_compare):
    async def whole(pilot):
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        await pilot.press("G")
        await settled(pilot)

    app = Host(MistakesScreen(wrong, EEL))
    assert snap_compare(app, terminal_size=(160, 48), run_before=whole)


def test_a_mistake_zoomed(wrong, snap_compare):
    async def zoomed(pilot):
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)

    app = Host(MistakesScreen(wrong, EEL))
    assert snap_compare(app, terminal_size=(80, 24), run_before=zoomed)


async def test_what_a_held_key_passes_is_not_drawn_large(wrong, monkeypatch):
    app = Host(MistakesScreen(wrong, EEL))
    async with app.run_test() as pilot:
        await settled(pilot)
        picture = app.screen.query_one("#detail Picture")
        seen = [picture.source]
        show = picture.show

        def showing(source, *args):
            seen.append(source)
            show(source, *args)

        monkeypatch.setattr(picture, "show", showing)
        monkeypatch.setattr("screens.mistakes.screen.RESTS", 1000.0)
        for _ in range(4):
            await pilot.press("l")
        await pilot.pause()
        assert len(seen) == 1  # the cursor has not rested yet
        monkeypatch.setattr("screens.mistakes.screen.RESTS", 0.01)
        await pilot.press("l")
        await until(pilot, lambda: len(seen) == 2)
        assert str(seen[1]).endswith(pictures(app).key)
