"""kitty's graphics, in kitty and Ghostty, also through tmux: real pixels."""

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.pixels.kitty import KittyPainter
from screens.widgets.pixels.renderer import Pixels


class Kitty(Pixels):
    """Draws with kitty's graphics: the terminal keeps a picture, and characters place its parts."""

    name = "kitty"

    def painter(self, terminal: Terminal) -> KittyPainter:
        """Return what draws it."""
        return KittyPainter(terminal.tmux)


KIND: Renderer = Kitty()
