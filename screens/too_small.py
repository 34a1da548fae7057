"""Over a screen in a terminal that is too small for it: a sentence."""

from textual.app import RenderResult
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from screens.widgets.text import Text

LEAST = Size(40, 12)
"""Columns and lines that every screen can be read in."""


def too_small(size: Size) -> bool:
    """Tell whether a terminal is too small for the screens."""
    return size.width < LEAST.width or size.height < LEAST.height


class TooSmall(Widget):
    """Covers the screen, which keeps its state and its focus below."""

    DEFAULT_CSS = """
    TooSmall {
        layer: too-small; dock: top; width: 100%; height: 100%;
        background: $background; color: $foreground; content-align: center middle;
        text-align: center;
    }
    """
    terminal: reactive[Size] = reactive(Size(0, 0))
    """Its size."""

    def render(self) -> RenderResult:
        """Say which size it is, and which it should be."""
        width, height = self.terminal
        return Text(f"This terminal is {width}x{height}; it takes {LEAST.width}x{LEAST.height}.")
