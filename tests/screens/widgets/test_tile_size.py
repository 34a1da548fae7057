import pytest

from screens.widgets.filling import FillingGallery
from screens.widgets.gallery import Gallery, Tile
from tests.screens.widgets.showing import Showing, settle, shown


class Sized(Showing):
    """An app in which pictures were made larger or smaller."""

    def __init__(self, widget, steps):
        super().__init__(widget)
        self.larger_tiles = steps


async def fill(pilot, gallery, pictures):
    gallery.show(9, lambda i: Tile(pictures / f"{i}.png", [str(i)]))
    await settle(pilot)


@pytest.mark.parametrize(
    ("steps", "width", "side"),
    [(0, 80, 16), (1, 80, 19), (2, 90, 24), (-2, 80, 10), (-4, 80, 8), (8, 80, 79), (8, 10, 16)],
)
async def test_steps_make_tiles_larger_as_far_as_there_is_room(pictures, steps, width, side):
    gallery = Gallery(captions=1, side=16)
    async with Sized(gallery, steps).run_test(size=(width + 2, 60)) as pilot:
        await fill(pilot, gallery, pictures)
        assert gallery.side == side


@pytest.mark.parametrize(("steps", "columns"), [(0, 4), (2, 3), (5, 1), (-2, 7)])
async def test_a_filling_gallery_leaves_no_room_for_another_tile(pictures, steps, columns):
    gallery = FillingGallery(captions=1, side=16)
    async with Sized(gallery, steps).run_test(size=(80, 40)) as pilot:
        await fill(pilot, gallery, pictures)
        assert columns == 78 // (gallery.side + 1)
        assert 78 - columns * (gallery.side + 1) < columns, "no more than the rounding is left"


async def test_another_size_is_drawn_at_once_and_the_cursor_stays(pictures):
    gallery = Gallery(captions=1, side=16)
    async with Sized(gallery, 0).run_test(size=(80, 40)) as pilot:
        await fill(pilot, gallery, pictures)
        gallery.move_to(5)
        pilot.app.larger_tiles = 3
        gallery.refit()
        await settle(pilot)
        assert gallery.index == 5
        assert any("▄" * gallery.side in line for line in shown(gallery))
