"""kitty's graphics, in kitty and Ghostty, also through tmux: real pixels."""

from PIL import Image

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.pixels.kitty import KittyPainter
from screens.widgets.pixels.painter import CELL
from screens.widgets.pixels.store import PictureRows, pictured, store


class Kitty:
    """Draws with kitty's graphics: the terminal keeps a picture, and characters place its parts."""

    name = "kitty"

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

    def painter(self, terminal: Terminal) -> KittyPainter:
        """Return what draws it."""
        return KittyPainter(terminal.tmux)


KIND: Renderer = Kitty()
