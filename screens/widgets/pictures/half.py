"""Half blocks, two pixels a cell, drawn by rich-pixels."""

from PIL import Image
from rich.segment import Segment
from rich_pixels import HalfcellRenderer
from textual.strip import Strip

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.scaling import fitted, scaled


class HalfBlocks:
    """Draws lower half blocks: a pixel is their colour, the one above their background."""

    name = "half"

    def supported(self, terminal: Terminal) -> bool:
        """Return True: every terminal has the glyph, and rich finds the nearest colours."""
        del terminal
        return True

    def density(self, terminal: Terminal) -> tuple[int, int]:
        """Return one pixel across, two down."""
        del terminal
        return 1, 2

    def render(self, image: Image.Image, cells: tuple[int, int], terminal: Terminal) -> list[Strip]:
        """Return an image at the size that fits `cells`."""
        del terminal
        across, down = fitted(image.size, cells)
        small = scaled(image, (across, 2 * down))
        lines = Segment.split_lines(HalfcellRenderer().render(small, None))
        return [Strip(line, across).simplify() for line in lines]


KIND: Renderer = HalfBlocks()
