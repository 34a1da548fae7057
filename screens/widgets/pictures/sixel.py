"""Sixel: real pixels in xterm, foot, WezTerm, Windows Terminal, VS Code and others."""

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.pixels.renderer import Pixels
from screens.widgets.pixels.sixel import SixelPainter


class Sixel(Pixels):
    """Draws with sixels: real pixels, in 256 colours that are chosen for each picture."""

    name = "sixel"

    def painter(self, terminal: Terminal) -> SixelPainter:
        """Return what draws it."""
        return SixelPainter(self.density(terminal))


KIND: Renderer = Sixel()
