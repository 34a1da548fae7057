import numpy as np
import pytest
from PIL import Image

from screens.widgets.pictures.base import RENDERERS, Terminal
from screens.widgets.scaling import fitted

TERMINAL = Terminal({}, "truecolor")
RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def cells(image, width, height):
    return RENDERERS.get("half").render(image, (width, height), TERMINAL)


def colours(strip):
    """(upper, lower) of each cell."""
    return [
        (tuple(s.style.bgcolor.triplet), tuple(s.style.color.triplet))
        for s in strip
        for _ in s.text
    ]


def test_two_pixels_a_cell():
    image = Image.fromarray(np.array([[RED, BLUE], [WHITE, BLACK]], dtype=np.uint8))
    [strip] = cells(image, 2, 1)
    assert strip.text == "▄▄"
    assert colours(strip) == [(RED, WHITE), (BLUE, BLACK)]


def test_equal_neighbours_are_one_segment():
    [strip] = cells(Image.new("RGB", (8, 2), RED), 8, 1)
    assert len(list(strip)) == 1
    assert strip.cell_length == 8


@pytest.mark.parametrize(
    ("size", "box", "pixels"),
    [
        ((500, 500), (16, 8), (16, 16)),
        ((400, 300), (16, 8), (16, 12)),
        ((300, 400), (16, 8), (12, 16)),
        ((4000, 10), (16, 8), (16, 2)),
        ((10, 4000), (16, 8), (1, 16)),
        ((4, 4), (16, 8), (16, 16)),
    ],
    ids=str,
)
def test_the_shape_is_kept(size, box, pixels):
    assert fitted(size, box) == (pixels[0], pixels[1] // 2)
    strips = cells(Image.new("RGB", size), *box)
    assert (strips[0].cell_length, 2 * len(strips)) == pixels


def test_downscaling_averages():
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (512, 512, 3), dtype=np.uint8))
    values = np.array([colours(strip) for strip in cells(noise, 8, 4)])
    assert values.std() < 10, "nearest pixels of the noise would spread by 74"


def test_the_background_shows_through():
    [strip] = cells(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), 2, 1)
    assert colours(strip) == [(WHITE, WHITE)] * 2
