"""The keys of the screen below."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from screens.guarded import Dialog
from screens.widgets.text import Columns, Static, Text

WITH_IDS = 72
"""Columns from which on there is room for the ids too."""
Section = tuple[str, Sequence[tuple[str, str, str]]]
"""A heading, and of each command its keys, what it does, and its id."""


class HelpScreen(Dialog[None]):
    """Lists keys over the screen below.

    Args:
        sections: What to list.
    """

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 90%; max-width: 100; height: auto; max-height: 90%;
        background: $surface; border: round $text-primary; padding: 0 1;
        border-title-style: bold; scrollbar-size-vertical: 1;
    }
    HelpScreen Static { height: auto; }
    """
    BINDINGS = [
        Binding("escape,q,question_mark", "dismiss", "Close", show=False, id="help.close"),
        Binding(
            "exclamation_mark",
            "app.doctor",
            "Examine this machine and the workspace",
            show=False,
            id="help.doctor",
        ),
        Binding("j", "scroll(1)", "Scroll down", show=False, id="help.down"),
        Binding("k", "scroll(-1)", "Scroll up", show=False, id="help.up"),
        Binding("G", "scroll(1000)", "Go to the end", show=False, id="help.last"),
        Binding("g", "scroll(-1000)", "Go to the top", show=False, id="help.first"),
    ]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        """Draw the list."""
        with VerticalScroll() as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc: close"
            yield Static(listed(self._sections, ids=self.app.size.width >= WITH_IDS))

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def listed(sections: Sequence[Section], *, ids: bool = True) -> Columns:
    """Return the list: heading, keys, meaning, and the id by which config.toml changes a key.

    Without `ids`, what keys mean gets their room.
    """
    table = Columns((0, 2), expand=True)
    table.add_column(no_wrap=True, max_width=20)
    table.add_column(ratio=1)
    if ids:
        table.add_column(no_wrap=True, style="dim", justify="right")
    for place, (title, rows) in enumerate(sections):
        if place:
            table.add_row()
        last = ["" if place else "id in config.toml"] if ids else []
        table.add_row(Text(title, style="bold underline"), "", *last)
        for keys, what, id_ in rows:
            table.add_row(Text(keys, style="bold"), what, *([id_] if ids else []))
    return table
