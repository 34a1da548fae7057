"""Quadrants, 2 x 2 pixels a cell in two colours."""

from PIL import Image
from textual.strip import Strip

from screens.widgets.mosaic import Mosaic
from screens.widgets.pictures.base import Renderer, Terminal

GLYPHS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By pattern: bit 0 is the upper left pixel, bit 1 the one to its right, and so on."""
WITHOUT = ("linux", "vt100", "vt102", "vt220", "ansi", "cons25")
"""Values of TERM whose fonts have half blocks and no quadrants."""


class Quadrants:
    """Draws quadrants: of each 2 x 2 pixels the best two colours, and which has which."""

    name = "quadrant"

    def supported(self, terminal: Terminal) -> bool:
        """Tell whether the terminal's fonts have quadrants; nearly all have."""
        return terminal.environment.get("TERM", "") not in ("", *WITHOUT)

    def density(self, terminal: Terminal) -> tuple[int, int]:
        """Return two pixels across, two down."""
        del terminal
        return 2, 2

    def render(self, image: Image.Image, cells: tuple[int, int], terminal: Terminal) -> list[Strip]:
        """Return an image at the size that fits `cells`."""
        return Mosaic(GLYPHS, (2, 2)).strips(image, cells, terminal.colors)


KIND: Renderer = Quadrants()
