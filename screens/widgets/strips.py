"""Text and pictures -> strips of a given width. Pure."""

from rich.console import Console  # noqa: TID251  it prints nothing
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from screens.widgets.rows import Align, fit_in
from screens.widgets.text import Text

_CONSOLE = Console(width=80)
"""Resolves the names of styles and wraps text; never printed to."""


def text_strip(text: Text | str, width: int, style: Style, align: Align = "left") -> Strip:
    """Return one line of text in `width` cells; its own styles are laid over `style`."""
    segments = Segment.apply_style(fit_in(text, width, align).render(_CONSOLE), style)
    return Strip(segments).adjust_cell_length(width, style).simplify()


def over(strip: Strip, style: Style) -> Strip:
    """Lay a style over a strip's own: red text on the cursor's blue could not be read."""
    return Strip(Segment.apply_style(strip, post_style=style), strip.cell_length)


def centred(strip: Strip, width: int, style: Style) -> Strip:
    """Put a strip in the middle of `width` cells."""
    left = max(0, (width - strip.cell_length) // 2)
    return Strip.join([Strip.blank(left, style), strip]).adjust_cell_length(width, style)


def centred_text(text: str, width: int, height: int) -> list[Text]:
    """Return text wrapped into the middle of a box: `height` lines, the last ones cut."""
    lines = list(Text(text).wrap(_CONSOLE, max(1, width)))[:height]
    above = (height - len(lines)) // 2
    return [Text()] * above + lines + [Text()] * (height - above - len(lines))
