"""Sixel: real pixels in xterm, foot, WezTerm, Windows Terminal, VS Code and others."""

from PIL import Image

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.pixels.painter import CELL
from screens.widgets.pixels.sixel import SixelPainter
from screens.widgets.pixels.store import PictureRows, pictured, store


class Sixel:
    """Draws with sixels: real pixels, in 256 colours that are chosen for each picture."""

    name = "sixel"

    def supported(self, terminal: Terminal) -> bool:
        """Tell whether the terminal said that it shows this."""
        return self.name in terminal.graphics and terminal.colors is not None

    def density(self, terminal: Terminal) -> tuple[int, int]:
        """Return the pixels of a cell."""
        return terminal.cell or CELL

    def render(self, image: Image.Image, cells: tuple[int, int], terminal: Terminal) -> PictureRows:
        """Return cells that stand for an image at the size that fits `cells`."""
        picture = pictured(image, cells, self.density(terminal))
        self.painter(terminal).prepare(picture)
        return store.rows(picture)

    def painter(self, terminal: Terminal) -> SixelPainter:
        """Return what draws it."""
        return SixelPainter(self.density(terminal))


KIND: Renderer = Sixel()
