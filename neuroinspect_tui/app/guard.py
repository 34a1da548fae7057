"""The last door before the terminal: whatever a widget draws, nothing in it is obeyed."""

import io
import sys
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from screens.shown import shown_lines, without_hidden


class ShownErrors(io.StringIO):
    """Stderr, for the traceback with which a bug ends the app: its message may hold names."""

    def write(self, text: str) -> int:
        """Write lines of text, without colours."""
        sys.stderr.write(shown_lines(text))  # noqa: TID251
        return len(text)

    def flush(self) -> None:
        """Write what is held back."""
        sys.stderr.flush()  # noqa: TID251


class Guard(LineFilter):
    """Replaces, in every line drawn, what screens.shown would write out.

    Names are written out as they enter a widget, where there is room for it. Here the cells are
    laid out already: a field in which somebody types, or a widget of another package.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return a line of the same cells."""
        del background
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment if segment.control else Segment(_printable(segment.text), segment.style)
            for segment in segments
        ]


@lru_cache(maxsize=512)
def _printable(text: str) -> str:
    clean = without_hidden(text, "")
    return clean + " " * (cell_len(text) - cell_len(clean))
