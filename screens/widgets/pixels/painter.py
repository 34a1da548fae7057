"""Parts of pictures -> what makes a terminal draw them, within what Textual writes."""

from typing import Protocol

from screens.widgets.pixels.placeholders import Part, replaced
from screens.widgets.pixels.store import PixelPicture, store

CELL = (10, 20)
"""Pixels of a cell, across and down, where the terminal does not say."""


class Painter(Protocol):
    """Draws the pictures that text stands for. One for each run of the app."""

    def paint(self, text: str, lines: int = 0) -> str:
        """Return what Textual writes, with what draws pictures in place of their cells.

        Args:
            text: What Textual writes.
            lines: The lines of the terminal; 0 where they are not known.
        """
        ...

    def forget(self) -> str:
        """Return what removes every picture from the terminal; all are drawn anew after it."""
        ...


class BlankPainter:
    """Draws blanks in place of pictures, such as those of a renderer that is no longer used."""

    def paint(self, text: str, lines: int = 0) -> str:
        """Return text with blanks."""
        del lines
        return replaced(text, lambda part, _: " " * part.count)

    def forget(self) -> str:
        """Return nothing: nothing was drawn."""
        return ""


class RowPainter:
    """Draws a picture row by row: every part is an image of one row, where the cursor is.

    The cells are written as blanks first, which removes what was there, and the cursor ends where
    text would have left it. On the last line of the screen nothing is drawn.
    """

    protocol: str
    """By which pictures made for it are known."""

    def __init__(self, cell: tuple[int, int]) -> None:
        """Draw on a terminal whose cells have these pixels, across and down."""
        self.cell = cell

    def paint(self, text: str, lines: int = 0) -> str:
        """Return text with images in place of their cells."""
        return replaced(text, lambda part, line: self._draw(part, 0 < line == lines))

    def forget(self) -> str:
        """Return nothing: these images are gone where anything is written over them."""
        return ""

    def _draw(self, part: Part, last: bool) -> str:
        blank = " " * part.count
        picture = store.get(part.number)
        # on the last line, xterm scrolls for an image that ends less than a band above its end
        if last or picture is None:
            return blank
        # another protocol's, or made for another size of font: it is about to be drawn anew
        if (picture.protocol, picture.cell) != (self.protocol, self.cell):
            return blank
        return f"\x1b7{blank}\x1b8{self.escape(picture, part)}\x1b8\x1b[{part.count}C"

    def prepare(self, picture: PixelPicture) -> None:
        """Make what draws whole rows, in the thread that draws pictures."""
        picture.protocol = self.protocol
        for row in range(picture.rows):
            self.escape(picture, Part(picture.number, row, 0, picture.columns))

    def escape(self, picture: PixelPicture, part: Part) -> str:
        """Return what draws a part, of the size of its cells, at the cursor."""
        key = part.row, part.first, part.count
        if key not in picture.escapes:
            picture.escapes[key] = self.encode(picture, part)
        return picture.escapes[key]

    def encode(self, picture: PixelPicture, part: Part) -> str:
        """Return what draws a part at the cursor."""
        raise NotImplementedError


def box(picture: PixelPicture, part: Part) -> tuple[int, int, int, int]:
    """Return the pixels of a part: left, upper, right, lower."""
    width, height = picture.cell
    left, upper = part.first * width, part.row * height
    return left, upper, left + part.count * width, upper + height
