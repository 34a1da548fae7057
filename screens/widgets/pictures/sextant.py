"""Sextants, 2 x 3 pixels a cell in two colours."""

from PIL import Image
from textual.strip import Strip

from screens.widgets.mosaic import Mosaic
from screens.widgets.pictures.base import Renderer, Terminal

LEFT, RIGHT, ALL = 0b010101, 0b101010, 0b111111
"""The patterns that older blocks of Unicode have already."""
DRAWN_BY = ("kitty", "ghostty", "wezterm", "foot", "contour", "alacritty")
"""Terminals that draw sextants themselves, whatever the font."""
VTE = 5801
"""The version of GNOME's terminals from which on they do."""


def _glyph(pattern: int) -> str:
    """Return the glyph of a pattern: bit 0 is upper left, bit 1 upper right, and so on."""
    older = {0: " ", LEFT: "▌", RIGHT: "▐", ALL: "█"}
    if pattern in older:
        return older[pattern]
    return chr(0x1FB00 + pattern - 1 - (pattern > LEFT) - (pattern > RIGHT))


GLYPHS = "".join(map(_glyph, range(64)))


class Sextants:
    """Draws sextants: of each 2 x 3 pixels the best two colours, and which has which."""

    name = "sextant"

    def supported(self, terminal: Terminal) -> bool:
        """Tell whether the terminal draws sextants itself: few fonts have them."""
        known = terminal.environment
        vte = known.get("VTE_VERSION", "")
        if "WT_SESSION" in known or (vte.isdecimal() and int(vte) >= VTE):
            return True
        return terminal.called(*DRAWN_BY)

    def density(self, terminal: Terminal) -> tuple[int, int]:
        """Return two pixels across, three down."""
        del terminal
        return 2, 3

    def render(self, image: Image.Image, cells: tuple[int, int], terminal: Terminal) -> list[Strip]:
        """Return an image at the size that fits `cells`."""
        return Mosaic(GLYPHS, (2, 3)).strips(image, cells, terminal.colors)


KIND: Renderer = Sextants()
