"""iTerm2's inline images: real pixels in iTerm2, WezTerm and mintty."""

from screens.widgets.pictures.base import Renderer, Terminal
from screens.widgets.pixels.iterm import ITermPainter
from screens.widgets.pixels.renderer import Pixels


class ITerm(Pixels):
    """Draws with iTerm2's inline images: real pixels."""

    name = "iterm"

    def painter(self, terminal: Terminal) -> ITermPainter:
        """Return what draws it."""
        return ITermPainter(self.density(terminal))


KIND: Renderer = ITerm()
