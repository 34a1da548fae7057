"""A table of any number of rows: only visible lines are rendered."""

from collections.abc import Callable, Hashable, Sequence

from textual import events
from textual.binding import Binding
from textual.cache import LRUCache
from textual.geometry import Size
from textual.strip import Strip

from screens.widgets.cursor import Cursor
from screens.widgets.rows import Column, fitted, header, line
from screens.widgets.strips import over, text_strip
from screens.widgets.text import Text

__all__ = ["Column", "Table"]

Row = Sequence[Text | str]
CACHED_LINES = 512
FOCUSED, BLURRED, ELSEWHERE = "▶ ", "▷ ", "  "


class Table(Cursor):
    """Rows under fixed titles."""

    COMPONENT_CLASSES = {"table--header", "table--cursor", "table--blurred", "table--empty"}
    DEFAULT_CSS = """
    Table {
        & > .table--header { text-style: bold; color: $text-muted; background: $panel; }
        & > .table--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: bold;
        }
        & > .table--blurred {
            color: $block-cursor-blurred-foreground;
            background: $block-cursor-blurred-background;
        }
        &:nocolor > .table--cursor { text-style: reverse; }
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
        Binding("home", "first", "First", show=False, id="table.first"),
        Binding("end,G", "last", "Last", show=False, id="table.last"),
        Binding("enter", "choose", "Choose", show=False, id="table.choose"),
    ]

    class Moved(Cursor.Moved):
        """The cursor is on another row, or on another key."""

    class Chosen(Cursor.Chosen):
        """Enter, or a click on the cursor's row."""

    def __init__(
        self, *columns: Column, empty: str = "", id: str | None = None, classes: str | None = None
    ):
        super().__init__(empty=empty, id=id, classes=classes)
        self._columns = columns
        self._row: Callable[[int], Row] = lambda _index: ()
        self._sort: tuple[str, bool] | None = None
        self._lines: LRUCache[tuple[int, int], Strip] = LRUCache(CACHED_LINES)
        """By width and row."""

    def show(
        self, count: int, row: Callable[[int], Row], keys: Sequence[Hashable] | None = None
    ) -> None:
        """Show `count` rows; `row(index)` returns the cells of a visible row.

        With `keys`, one a row, the cursor stays on its key, or else at its index.
        """
        before = (self._count, self._cursor, self.scroll_offset.y)
        lines, self._lines = self._lines, LRUCache(CACHED_LINES)
        self._row = row
        self._recount(count, keys)
        self.virtual_size = Size(0, count + 1)
        self._follow()
        if before != (count, self._cursor, self.scroll_offset.y):
            self.refresh()
        else:  # a live table: only what changed is sent over the link
            top = self.scroll_offset.y
            for index in range(top, min(top + self._page, count)):
                if self._line(index) != lines.get((self._width, index)):
                    self._refresh_at(index)

    def use(self, *columns: Column) -> None:
        """Show other columns for the same cells."""
        self._columns = columns
        self.on_resize()
        self.refresh()

    def sorted_by(self, column_title: str, descending: bool) -> None:
        """Mark the title of the column the rows are sorted by."""
        self._sort = (column_title, descending)
        self.refresh()

    @property
    def _width(self) -> int:
        """Cells a line has; `size` counts the scrollbar's too."""
        return self.scrollable_content_region.width

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def _follow(self) -> None:
        top = round(self.scroll_y)
        if not top <= self._cursor < top + self._page:
            top = self._cursor if self._cursor < top else self._cursor - self._page + 1
        self.scroll_to(y=min(top, max(0, self._count - self._page)), animate=False, force=True)

    def _refresh_at(self, index: int) -> None:
        self.refresh_line(index + 1)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages."""
        self.action_move(int(pages * self._page))

    def on_click(self, event: events.Click) -> None:
        """Move to the row clicked; choose it when it is the cursor's."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y > 0:
            index = offset.y - 1 + self.scroll_offset.y
            if index < self._count:
                self._clicked(index)

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self._follow()

    @property
    def _fit(self) -> tuple[tuple[int, int], ...]:
        return fitted(self._columns, self._width - len(FOCUSED))

    def notify_style_update(self) -> None:
        """Drop the lines drawn in the old theme."""
        self._lines.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Draw the titles, or the row under them."""
        width = self._width
        if y == 0:
            titles = Text(ELSEWHERE) + header(self._columns, self._fit, self._sort)
            return text_strip(titles, width, self.get_component_rich_style("table--header"))
        if not self._count and y == self.size.height // 2:
            style = self.get_component_rich_style("table--empty")
            return text_strip(self.empty, width, style, "center")
        index = y - 1 + self.scroll_offset.y
        if index >= self._count:
            return Strip.blank(width, self.rich_style)
        return self._body(index)

    def _line(self, index: int) -> Strip:
        width = self._width
        strip = self._lines.get((width, index))
        if strip is None:
            text = Text(ELSEWHERE) + line(self._columns, self._row(index), self._fit)
            strip = self._lines[width, index] = text_strip(text, width, self.rich_style)
        return strip

    def _body(self, index: int) -> Strip:
        strip = self._line(index)
        if index != self._cursor:
            return strip
        mark, name = (FOCUSED, "cursor") if self.has_focus else (BLURRED, "blurred")
        style = self.get_component_rich_style(f"table--{name}")
        return Strip.join([text_strip(mark, len(mark), style), over(strip.crop(len(mark)), style)])
