"""A table of any number of rows: only the lines in sight are ever made."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.widgets.rows import Column, fitted, header, line, printable

__all__ = ["Column", "Table"]

Row = Sequence[Text | str]
KEPT_LINES = 512
CURSOR, ASLEEP, NO_CURSOR = "▶ ", "▷ ", "  "


class Table(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows under fixed titles, with a cursor that stays on its key."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"table--header", "table--cursor", "table--asleep", "table--empty"}
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $surface;
        color: $foreground;
        & > .table--header { text-style: bold; color: $text-muted; background: $panel; }
        & > .table--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: bold;
        }
        & > .table--asleep {
            color: $block-cursor-blurred-foreground;
            background: $block-cursor-blurred-background;
        }
        & > .table--empty { color: $text-muted; }
    }
    """
    BINDINGS = [
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("ctrl+d", "page(0.5)", "Half down", show=False, id="table.half_down"),
        Binding("ctrl+u", "page(-0.5)", "Half up", show=False, id="table.half_up"),
        Binding("home,g", "first", "First", show=False, id="table.first"),
        Binding("end,G", "last", "Last", show=False, id="table.last"),
        Binding("enter", "choose", "Choose", show=False, id="table.choose"),
    ]

    class OnRow(Message):
        """Something about the cursor's row."""

        def __init__(self, table: "Table", index: int, key: Any) -> None:
            super().__init__()
            self.table = table
            self.index = index
            self.key = key

        @property
        def control(self) -> "Table":
            """The table, for `@on(Table.Moved, "#id")`."""
            return self.table

    class Moved(OnRow):
        """The cursor is on another row, or on the same one with another key."""

    class Chosen(OnRow):
        """Enter, or a click on the cursor's row."""

    def __init__(self, *columns: Column, id: str | None = None, classes: str | None = None):
        super().__init__(id=id, classes=classes)
        self.empty = ""
        """What the middle says when there are no rows."""
        self._columns = columns
        self._count = 0
        self._row: Callable[[int], Row] = lambda _index: ()
        self._keys: Sequence[Hashable] | None = None
        self._cursor = 0
        self._sort: tuple[str, bool] | None = None
        self._fit: list[tuple[int, int]] = []
        self._lines: LRUCache[int, Strip] = LRUCache(KEPT_LINES)

    def show(
        self,
        count: int,
        row: Callable[[int], Row],
        keys: Sequence[Hashable] | None = None,
    ) -> None:
        """Show `count` rows; `row(index)` is asked for the lines in sight, a cell a column.

        With `keys`, one a row, the cursor stays on its key, or failing that on its place.
        """
        before = (self.index, self.key)
        self._count, self._row, self._keys = count, row, keys
        kept = self._place(before[1]) if keys is not None else None
        self._cursor = max(0, min(self._cursor if kept is None else kept, count - 1))
        self._lines.clear()
        self.virtual_size = Size(0, count + 1)
        self._follow()
        self.refresh()
        if count and before != (self.index, self.key):
            self.post_message(self.Moved(self, self._cursor, self.key))

    def sorted_by(self, column_title: str, descending: bool) -> None:
        """Mark the title of the column the rows are sorted by."""
        self._sort = (column_title, descending)
        self.refresh()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    @property
    def index(self) -> int | None:
        """The cursor's row; None in an empty table."""
        return self._cursor if self._count else None

    @property
    def key(self) -> Any:
        """The cursor's key, or its index where no keys were given; None in an empty table."""
        if not self._count:
            return None
        return self._cursor if self._keys is None else self._keys[self._cursor]

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, the nearest there is, and scroll to it."""
        index = max(0, min(index, self._count - 1))
        if not self._count or index == self._cursor:
            return
        self.refresh_line(self._cursor + 1)
        self._cursor = index
        self._follow()
        self.refresh_line(index + 1)
        self.post_message(self.Moved(self, index, self.key))

    def move_to_key(self, key: Hashable) -> None:
        """Put the cursor on the row of a key; one that is not there moves nothing."""
        place = self._place(key)
        if place is not None:
            self.move_to(place)

    def _place(self, key: Hashable) -> int | None:
        keys = range(self._count) if self._keys is None else self._keys
        return next((place for place, other in enumerate(keys) if other == key), None)

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def _follow(self) -> None:
        top = round(self.scroll_y)
        if not top <= self._cursor < top + self._page:
            top = self._cursor if self._cursor < top else self._cursor - self._page + 1
        self.scroll_to(y=min(top, max(0, self._count - self._page)), animate=False, force=True)

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self._cursor + rows)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages."""
        self.move_to(self._cursor + int(pages * self._page))

    def action_first(self) -> None:
        """Move to the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """Move to the last row."""
        self.move_to(self._count - 1)

    def action_choose(self) -> None:
        """Choose the cursor's row."""
        if self._count:
            self.post_message(self.Chosen(self, self._cursor, self.key))

    def on_click(self, event: events.Click) -> None:
        """Move to the row clicked; choose it when it is the cursor's."""
        offset = event.get_content_offset(self)
        index = -1 if offset is None else offset.y - 1 + self.scroll_offset.y
        if offset is None or offset.y == 0 or index >= self._count:
            return
        if index == self._cursor:
            self.action_choose()
        self.move_to(index)

    def on_resize(self) -> None:
        """Fit the columns again; the cursor stays in sight."""
        self._lines.clear()
        self._fit = fitted(self._columns, self.size.width - len(CURSOR))
        self._follow()

    def notify_style_update(self) -> None:
        """Forget the lines drawn in the old theme."""
        self._lines.clear()
        super().notify_style_update()

    def on_focus(self) -> None:
        """Wake the cursor."""
        self.refresh_line(self._cursor + 1)

    def on_blur(self) -> None:
        """Put the cursor to sleep."""
        self.refresh_line(self._cursor + 1)

    def render_line(self, y: int) -> Strip:
        """Draw the titles, or the row under them."""
        width = self.size.width
        if y == 0:
            titles = Text(NO_CURSOR) + header(self._columns, self._fit, self._sort)
            return self._strip(titles, self.get_component_rich_style("table--header"), width)
        if not self._count and y == self.size.height // 2:
            words = Text(self.empty)
            words.align("center", width)
            return self._strip(words, self.get_component_rich_style("table--empty"), width)
        index = y - 1 + self.scroll_offset.y
        if index >= self._count:
            return Strip.blank(width, self.rich_style)
        return self._body(index)

    def _body(self, index: int) -> Strip:
        strip = self._lines.get(index)
        if strip is None:
            text = line(self._columns, self._row(index), self._fit)
            width = self.size.width - len(CURSOR)
            strip = self._lines[index] = self._strip(text, self.rich_style, width)
        if index != self._cursor:
            return Strip.join([Strip([Segment(NO_CURSOR, self.rich_style)], 2), strip])
        mark, name = (CURSOR, "cursor") if self.has_focus else (ASLEEP, "asleep")
        style = self.get_component_rich_style(f"table--{name}")
        # over the cells' own colours: red on the cursor's blue is not to be read
        cells = Segment.apply_style(strip, post_style=style)
        return Strip([Segment(mark, style), *cells], strip.cell_length + 2)

    def _strip(self, text: Text, style: Style, width: int) -> Strip:
        segments = Segment.apply_style(printable(text).render(self.app.console), style)
        return Strip(segments).adjust_cell_length(width, style)
