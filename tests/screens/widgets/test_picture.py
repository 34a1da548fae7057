import threading
from pathlib import Path

from PIL import Image
from textual.screen import ModalScreen

from screens.widgets import previews
from screens.widgets.picture import Picture
from screens.widgets.text import stacked
from tests.screens.widgets.showing import Showing, settle, shown


def half_blocks(widget):
    return sum(line.count("▄") for line in shown(widget))


async def test_a_picture_fills_its_place_above_its_caption(pictures, decoded):
    picture = Picture(pictures / "1.png", stacked(("853", "60% of votes")))
    async with Showing(picture).run_test(size=(20, 8)) as pilot:
        await settle(pilot)
        lines = shown(picture)
        assert lines[0] == "▄" * 12 + " " * 4 or lines[0].strip() == "▄" * 12
        assert [line.strip() for line in lines[-2:]] == ["853", "60% of votes"]


async def test_a_resize_draws_it_anew(pictures, decoded):
    picture = Picture(pictures / "1.png")
    async with Showing(picture).run_test(size=(20, 4)) as pilot:
        await settle(pilot)
        assert half_blocks(picture) == 8 * 4
        await pilot.resize_terminal(40, 10)
        await settle(pilot)
        assert half_blocks(picture) == 20 * 10


async def test_what_is_missing_or_broken_is_said(tmp_path, decoded):
    (tmp_path / "bad.png").write_bytes(b"x")
    picture = Picture(missing="press v to draw")
    async with Showing(picture).run_test(size=(30, 5)) as pilot:
        assert shown(picture)[2].strip() == "press v to draw"
        picture.show(tmp_path / "bad.png")
        await settle(pilot)
        assert "cannot read bad.png" in " ".join(shown(picture))
        picture.show(Path("/nowhere/gone.png"))
        await settle(pilot)
        assert shown(picture)[2].strip() == "gone.png does not exist"


async def test_the_newest_wins_and_keys_do_not_wait(pictures, decoded, monkeypatch):
    counting, go_on = previews.decode_picture, threading.Event()

    def slow(path, side):
        assert go_on.wait(30)
        return counting(path, side)

    monkeypatch.setattr(previews, "decode_picture", slow)
    picture = Picture()
    async with Showing(picture).run_test(size=(8, 4)) as pilot:
        for i in range(10):
            picture.show(pictures / f"{i}.png", caption=str(i))
            await pilot.press("j")
        assert shown(picture)[-1].strip() == "9", "the caption is there before the picture"
        go_on.set()
        await settle(pilot)
        assert half_blocks(picture) == 6 * 3
    assert decoded == ["0.png", "9.png"]


async def test_a_changed_file_is_painted_over(tmp_path, decoded):
    path = tmp_path / "live.png"
    Image.new("RGB", (8, 8), "red").save(path)
    picture = Picture(path)
    async with Showing(picture).run_test(size=(8, 4)) as pilot:
        await settle(pilot)
        red = picture.render_line(0)
        Image.new("RGB", (8, 9), "blue").save(path)
        picture.show(path)
        assert picture.render_line(0) == red, "until the new one is there"
        await settle(pilot)
        assert half_blocks(picture) == 7 * 4


async def test_a_picture_is_small_on_a_slow_link_unless_zoomed(pictures, decoded):
    class Zoomed(ModalScreen[None]):
        def compose(self):
            yield Picture(pictures / "1.png")

    picture = Picture(pictures / "1.png")
    app = Showing(picture)
    app.add_class("-slow-link")
    async with app.run_test(size=(80, 32)) as pilot:
        await settle(pilot)
        assert half_blocks(picture) == 24 * 12
        await pilot.app.push_screen(Zoomed())
        await settle(pilot)
        assert half_blocks(pilot.app.screen.query_one(Picture)) == 64 * 32
