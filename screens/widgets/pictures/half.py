"""Half blocks, two pixels a cell, drawn by rich-pixels."""

from PIL import Image
from rich.segment import Segment
from rich_pixels import HalfcellRenderer
from textual.strip import Strip

from screens.widgets.pictures.base import Renderer, Terminal


def fitted(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Return the pixels, (across, an even number down), of an image kept in shape in a box.

    `width` and `height` are the box's cells; a cell is one pixel across and two down.
    """
    scale = min(width / size[0], 2 * height / size[1])
    across, down = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    return across, down + down % 2


class HalfBlocks:
    """Draws lower half blocks: a pixel is their colour, the one above their background."""

    name = "half"
    background = "#ffffff"
    """Seen through transparent pixels."""

    def supported(self, terminal: Terminal) -> bool:
        """Return True: every terminal has the glyph, and rich finds the nearest colours."""
        del terminal
        return True

    def render(self, image: Image.Image, cells: tuple[int, int]) -> list[Strip]:
        """Return an image at the size that fits `cells`."""
        size = fitted(image.size, *cells)
        if "A" in image.getbands() or "transparency" in image.info:
            layered = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", layered.size, self.background), layered)
        # rich-pixels would take the nearest pixel: a thumbnail of noise
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        lines = Segment.split_lines(HalfcellRenderer().render(small, None))
        return [Strip(line, size[0]).simplify() for line in lines]


KIND: Renderer = HalfBlocks()
