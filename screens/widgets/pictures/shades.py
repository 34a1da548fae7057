"""Brightness as characters, for terminals without colours, where all half blocks look alike."""

import numpy as np
from PIL import Image
from rich.segment import Segment
from textual.strip import Strip

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.scaling import fitted, scaled

SHADES = " .:-=+*#%@"
"""From dark to bright, on a dark background, and the other way on a light one; ASCII."""


class Shades:
    """Draws a character a cell."""

    name = "shades"

    def supported(self, terminal: Terminal) -> bool:
        """Tell whether nothing better can be seen."""
        return terminal.colors is None

    def density(self, terminal: Terminal) -> tuple[int, int]:
        """Return one pixel a cell."""
        del terminal
        return 1, 1

    def render(self, image: Image.Image, cells: tuple[int, int], terminal: Terminal) -> list[Strip]:
        """Return an image at the size that fits `cells`."""
        shades = SHADES[::-1] if terminal.light else SHADES
        across, down = fitted(image.size, cells)
        grey = np.asarray(scaled(image, (across, down)).convert("L"), dtype=np.float32)
        places = (grey / 256 * len(shades)).astype(int)
        return [Strip([Segment("".join(shades[i] for i in row))], across) for row in places]


KIND: Renderer = Shades()
