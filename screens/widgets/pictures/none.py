"""No pictures: for a link on which every byte counts, or eyes that read a screen aloud."""

from PIL import Image
from textual.strip import Strip

from screens.widgets.pictures.base import Renderer, Terminal


class Nothing:
    """Draws nothing: the name of the file is shown instead."""

    name = "none"

    def supported(self, terminal: Terminal) -> bool:
        """Return True."""
        del terminal
        return True

    def density(self, terminal: Terminal) -> tuple[int, int]:
        """Return the least."""
        del terminal
        return 1, 1

    def render(self, image: Image.Image, cells: tuple[int, int], terminal: Terminal) -> list[Strip]:
        """Return no rows."""
        del image, cells, terminal
        return []


KIND: Renderer = Nothing()
