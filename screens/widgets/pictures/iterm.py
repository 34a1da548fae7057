"""iTerm2's inline images: real pixels in iTerm2, WezTerm and mintty."""

from PIL import Image

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.pixels.iterm import ITermPainter
from screens.widgets.pixels.painter import CELL
from screens.widgets.pixels.store import PictureRows, pictured, store


class ITerm:
    """Draws with iTerm2's inline images: real pixels."""

    name = "iterm"

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

    def painter(self, terminal: Terminal) -> ITermPainter:
        """Return what draws it."""
        return ITermPainter(self.density(terminal))


KIND: Renderer = ITerm()
