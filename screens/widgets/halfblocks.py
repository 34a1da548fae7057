"""A picture as rows of half blocks, two pixels a cell, drawn by rich-pixels. Pure."""

from functools import lru_cache

from PIL import Image
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from rich_pixels import HalfcellRenderer
from rich_pixels._renderer import RGBA, GetPixel
from textual.strip import Strip

LOWER_HALF = "▄"


class _CachedStyles(HalfcellRenderer):
    """rich-pixels' half cells, no style parsed for each: 33 -> 3 ms at 64 x 64 (13 cold)."""

    def _render_halfcell(self, *, x: int, y: int, get_pixel: GetPixel) -> Segment:
        return Segment(LOWER_HALF, _style(get_pixel((x, y)), get_pixel((x, y + 1))))


def _color(rgb: tuple[int, int, int]) -> Color:
    return Color.from_triplet(ColorTriplet(*rgb))


@lru_cache(maxsize=32_768)
def _style(upper: RGBA, lower: RGBA) -> Style:
    return Style.from_color(_color(lower[:3]), _color(upper[:3]))


def fitted(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Return the pixels, (across, an even number down), of a picture kept in shape in a box.

    `width` and `height` are the box's cells; a cell is one pixel across and two down.
    """
    scale = min(width / size[0], 2 * height / size[1])
    across, down = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    return across, down + down % 2


def cells(image: Image.Image, width: int, height: int, background: str = "#ffffff") -> list[Strip]:
    """Return the picture at the size that fits a box of cells; `background` shows through it."""
    size = fitted(image.size, width, height)
    if "A" in image.getbands() or "transparency" in image.info:
        layered = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layered.size, background), layered)
    # rich-pixels would take the nearest pixel: a thumbnail of noise
    small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    lines = Segment.split_lines(_CachedStyles().render(small, None))
    return [Strip(line, size[0]).simplify() for line in lines]
