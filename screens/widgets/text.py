"""Text in widgets, made for the terminal as it comes in: one line, no markup, nothing hidden.

Nothing else in the screens imports Rich's Text or Textual's Static: ruff's banned-api.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import rich.table
import rich.text
import textual.widgets
from textual.visual import VisualType

from screens.shown import shown

if TYPE_CHECKING:
    from rich.text import Text as Text  # what Rich makes of ours is Rich's own, and as clean
else:

    class Text(rich.text.Text):
        """Rich's, of what can be shown."""

        def __init__(self, text="", *args, **options):
            super().__init__(shown(text), *args, **options)

        def append(self, text, style=None):
            """Add text."""
            return super().append(shown(text) if isinstance(text, str) else text, style)

        def __add__(self, other):
            """Return both."""
            return super().__add__(shown(other) if isinstance(other, str) else other)


def stacked(texts: "Iterable[Text | str]", *, no_wrap: bool | None = None) -> Text:
    """Return texts, one under another."""
    between = rich.text.Text("\n", no_wrap=no_wrap)
    return between.join(Text(text) if isinstance(text, str) else text for text in texts)


def short(text: str, width: int) -> str:
    """Return text in at most `width` cells, cut with an ellipsis."""
    whole = Text(text)
    whole.truncate(max(1, width), overflow="ellipsis")
    return whole.plain


def _safe(content: VisualType) -> VisualType:
    return shown(content) if isinstance(content, str) else content


class _Literal(textual.widgets.Static):
    def __init__(
        self, content: VisualType = "", *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(_safe(content), markup=False, id=id, classes=classes)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show something else."""
        super().update(_safe(content), layout=layout)


class Static(_Literal):
    """Textual's, without markup; several lines come from `stacked`."""


class Label(_Literal, textual.widgets.Label):
    """Textual's, without markup."""


class Columns(rich.table.Table):
    """Texts in columns: Rich's grid, without markup."""

    def __init__(
        self, padding: tuple[int, int] | tuple[int, int, int, int], *, expand: bool = False
    ) -> None:
        """Make one without columns; `padding` is as CSS has it."""
        super().__init__(
            box=None, padding=padding, collapse_padding=True, expand=expand,
            show_header=False, show_footer=False, show_edge=False, pad_edge=False,
        )  # fmt: skip

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row of texts."""
        super().add_row(
            *(Text(cell) if isinstance(cell, str) else cell for cell in cells), **options
        )
