"""A tile of a gallery, line by line: its edges, its picture or a text instead. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style
from textual.strip import Strip

from engine.data.stored import PictureSource
from screens.widgets.strips import centred, centred_text, text_strip
from screens.widgets.text import Text

SELECTED = "[x]"


@dataclass(frozen=True)
class Tile:
    """A picture, the lines under it, and whether it is selected."""

    source: PictureSource | None
    caption: Sequence[Text | str] = ()
    selected: bool = False
    missing: str = "no picture"
    """Shown while there is no source."""


@dataclass(frozen=True)
class Frame:
    """The cursor's frame, and its mark."""

    mark: str
    style: Style


def with_edge(line: Text, x: int, side: int, selected: bool, frame: Frame | None) -> Text:
    """Lay a tile's upper edge over a line, from cell `x` on."""
    box = SELECTED if selected else ""
    if frame is None:
        end = x + 1 + side
        return line[: end - len(box)] + Text(box) + line[end:] if box else line
    middle = frame.mark + "━" * (side - len(frame.mark) - len(box)) + box
    return _laid(line, x, Text(f"┏{middle}┓", frame.style))


def with_lower_edge(line: Text, x: int, side: int, frame: Frame) -> Text:
    """Lay the cursor's lower edge over a line, from cell `x` on."""
    return _laid(line, x, Text(f"┗{'━' * side}┛", frame.style))


def _laid(line: Text, x: int, piece: Text) -> Text:
    return line[:x] + piece + line[x + len(piece) :]


def picture_line(
    rows: Sequence[Strip], words: str, line: int, size: tuple[int, int], styles: tuple[Style, Style]
) -> Strip:
    """Return a line of a picture in the middle of (width, height), or of a text if it has no rows.

    `styles` are the background's and the text's.
    """
    width, height = size
    if not rows:
        text = centred_text(words, width, height)[line]
        return text_strip(text, width, styles[1] if text else styles[0], "center")
    row = line - (height - len(rows)) // 2
    if not 0 <= row < len(rows):
        return Strip.blank(width, styles[0])
    # pixels have no style of their own, and stand on the background until they are drawn
    return centred(rows[row].apply_style(styles[0]), width, styles[0])
