import threading
from dataclasses import replace

import pytest
from PIL import Image
from rich.text import Text

from screens.widgets import previews
from screens.widgets.gallery import Gallery, Tile
from tests.screens.widgets.showing import Showing, posted, settle, shown

TILES = 10_000


@pytest.fixture
def gallery():
    return Gallery(captions=1, side=8, empty="no mistakes")


@pytest.fixture
def tiles(pictures):
    return lambda i: Tile(pictures / f"{i % 100}.png", (f"no {i}",), selected=i == 1)


def names(*indexes):
    return [f"{i % 100}.png" for i in indexes]


async def test_a_gallery_with_headings_frame_and_selection(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(31, 15)) as pilot:
        gallery.show(3, tiles, [("cyclamen (2)", 2), ("lenten rose (1)", 1)])
        await settle(pilot)
        assert [line.rstrip() for line in shown(gallery)] == [
            " cyclamen (2)",
            "┏▶━━━━━━━┓     [x]",
            *[" ▄▄▄▄▄▄▄▄ ▄▄▄▄▄▄▄▄"] * 4,
            "   no 0     no 1",
            "┗━━━━━━━━┛",
            " lenten rose (1)",
            "",
            *[" ▄▄▄▄▄▄▄▄"] * 4,
            "   no 2",
        ]
        await pilot.press("l")
        assert shown(gallery)[1].rstrip() == "         ┏▶━━━━[x]┓"


async def test_small_sections_stand_side_by_side(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(4, tiles, [("ant (1)", 1), ("bee (2)", 2), ("cat (1)", 1)])
        await settle(pilot)
        lines = [line.rstrip() for line in shown(gallery)]
        assert lines[0] == " ant (1)  bee (2)           cat (1)"
        assert lines[2] == " ▄▄▄▄▄▄▄▄" * 4
        await pilot.press("end")
        assert gallery.index == 3


async def test_only_pictures_in_sight_are_opened(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(TILES, tiles)
        await settle(pilot)
        assert decoded == names(*range(12)), "three rows of four, the last by its edge"
        decoded.clear()
        await pilot.press("G")
        await settle(pilot)
        assert " no 9999 " in shown(gallery)[-2]
        assert decoded == names(*range(TILES - 12, TILES))


async def test_no_tile_lies_under_the_scrollbar(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(37, 13)) as pilot:
        for count, columns in ((4, 4), (TILES, 3), (4, 4)):
            gallery.show(count, tiles)
            await settle(pilot)
            assert gallery.show_vertical_scrollbar == (count == TILES)
            line = shown(gallery)[1].rstrip()
            assert line == " ▄▄▄▄▄▄▄▄" * columns
            assert len(line) <= gallery.scrollable_content_region.width


async def test_what_scrolled_away_is_not_waited_for(gallery, tiles, decoded, monkeypatch):
    counting, go_on = previews.decode_picture, threading.Event()

    def slow(path, side):
        assert go_on.wait(30)
        return counting(path, side)

    monkeypatch.setattr(previews, "decode_picture", slow)
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(TILES, tiles)
        await pilot.pause()
        for key in ("pagedown", "pagedown", "j", "G"):
            await pilot.press(key)
        assert gallery.index == TILES - 1, "keys do not wait for pictures"
        go_on.set()
        await settle(pilot)
    assert decoded == names(0, *range(TILES - 12, TILES))


async def test_keys_move_by_tiles_rows_and_pages(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(TILES, tiles)
        places = []
        for key in ("l", "right", "j", "h", "k", "left", "pagedown", "pageup", "end", "home"):
            await pilot.press(key)
            places.append(gallery.index)
        assert places == [1, 2, 6, 5, 1, 0, 8, 0, TILES - 1, 0]


async def test_a_changed_picture_is_painted_over(tmp_path, gallery, decoded):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8), "red").save(tmp_path / name)
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(2, lambda i: Tile(tmp_path / f"{'ab'[i]}.png"))
        await settle(pilot)
        before = gallery.render_line(1)
        Image.new("RGB", (8, 4), "blue").save(tmp_path / "b.png")
        gallery.refresh_tiles()
        assert gallery.render_line(1) == before, "the old one stays until the new one is there"
        await settle(pilot)
        assert gallery.render_line(1) != before
        assert decoded == ["a.png", "b.png", "b.png"]


class Recorded(Gallery):
    """Keeps which lines are drawn."""

    def __init__(self, **options):
        super().__init__(**options)
        self.lines = []

    def render_line(self, y):
        self.lines.append(y)
        return super().render_line(y)


PITCH = 4 + 1 + 1
"""Lines from one row of tiles to the next: a picture, a caption and an edge."""


async def test_a_live_gallery_draws_only_what_changed(tiles, decoded):
    gallery = Recorded(captions=1, side=8)
    async with Showing(gallery).run_test(size=(38, 30)) as pilot:
        gallery.show(8, tiles)
        await settle(pilot)
        gallery.lines.clear()
        gallery.refresh_tiles()
        gallery.show(8, tiles)
        await settle(pilot)
        assert gallery.lines == []
        captions = {5: Text("step 2")}
        gallery.show(8, lambda i: replace(tiles(i), caption=(captions.get(i, f"no {i}"),)))
        await settle(pilot)
        assert set(gallery.lines) == set(range(PITCH, 2 * PITCH + 1)), "the second row's lines"
        assert any("step 2" in line for line in shown(gallery))


async def test_a_move_sends_no_picture(tiles, decoded):
    gallery = Recorded(captions=1, side=8)
    async with Showing(gallery).run_test(size=(38, 30)) as pilot:
        gallery.show(8, tiles)
        await settle(pilot)
        gallery.lines.clear()
        await pilot.press("l", "j", "h", "k")
        await pilot.pause()
        assert gallery.index == 0
        assert set(gallery.lines) == {0, PITCH, 2 * PITCH}, "edges alone"


async def test_what_is_missing_or_broken_is_said(tmp_path, gallery, decoded):
    (tmp_path / "bad.png").write_bytes(b"x")
    sources = [None, tmp_path / "bad.png", tmp_path / "gone.png", None]
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(4, lambda i: Tile(sources[i], missing="waiting" if i else "no picture"))
        await settle(pilot)
        said = "\n".join(shown(gallery))
        assert all(w in said for w in ("picture", "cannot", "gone.png", "waiting"))
        assert decoded == ["bad.png"]


async def test_the_cursor_stays_on_its_key_and_is_chosen(gallery, tiles, decoded):
    seen = []
    async with Showing(gallery).run_test(size=(38, 13), message_hook=seen.append) as pilot:
        gallery.show(3, tiles, keys="abc")
        await pilot.press("end", "enter")
        gallery.show(2, tiles, keys="ca")
        await pilot.click(gallery, offset=(12, 3))
        await pilot.click(gallery, offset=(12, 3))
        await pilot.click(gallery, offset=(30, 3))
        assert (gallery.index, gallery.key) == (1, "a")
    assert posted(seen, Gallery.Moved) == [(0, "a"), (2, "c"), (0, "c"), (1, "a")]
    assert posted(seen, Gallery.Chosen) == [(2, "c"), (1, "a")]


async def test_an_empty_gallery_says_so(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(0, tiles)
        await pilot.press("j", "G", "pageup", "enter")
        assert shown(gallery)[6].strip() == "no mistakes"
        assert gallery.index is None


async def test_a_resize_and_another_side_keep_the_cursor_in_sight(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.show(TILES, tiles)
        gallery.move_to(5_000)
        await pilot.resize_terminal(20, 9)
        await settle(pilot)
        assert "no 5000" in "".join(shown(gallery))
        gallery.side = 12
        await settle(pilot)
        assert "no 5000" in "".join(shown(gallery))
        assert any("▄" * 12 in line for line in shown(gallery))
        assert {len(line) for line in shown(gallery)} == {gallery.size.width}


async def test_another_side_makes_the_captions_anew(gallery, pictures, decoded):
    def fitted(i):
        return Tile(pictures / f"{i}.png", ("a long name" if gallery.side > 10 else "name",))

    async with Showing(gallery).run_test(size=(38, 13)) as pilot:
        gallery.side = 8
        gallery.show(2, fitted)
        await settle(pilot)
        assert "a long name" not in "".join(shown(gallery))
        gallery.side = 12
        await settle(pilot)
        assert "a long name" in "".join(shown(gallery))


async def test_thumbnails_are_small_on_a_slow_link(gallery, tiles, decoded):
    async with Showing(gallery).run_test(size=(80, 24)) as pilot:
        gallery.show(3, tiles)
        gallery.side = 32
        assert gallery.side == 32
        pilot.app.add_class("-slow-link")
        gallery.side = 40
        await settle(pilot)
        assert gallery.side == 16
        assert shown(gallery)[1].rstrip() == " ▄".ljust(17, "▄") + (" " + "▄" * 16) * 2
