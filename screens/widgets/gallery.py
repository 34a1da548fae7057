"""Any number of pictures in a grid: only visible ones are ever opened."""

from collections.abc import Callable, Hashable, Sequence

from textual import events, work
from textual.binding import Binding
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.strip import Strip

from screens.widgets.cursor import Cursor
from screens.widgets.grid import Grid, Spot
from screens.widgets.previews import Box, Preview, cached, display_of, drawn
from screens.widgets.strips import text_strip
from screens.widgets.text import Text
from screens.widgets.tile_size import SizedTiles
from screens.widgets.tiles import Frame, Tile, picture_line, with_edge, with_lower_edge

__all__ = ["Gallery", "Tile"]

CACHED_TILES = 512


class Gallery(SizedTiles):
    """Tiles under headings; the cursor's has an edge above and below, and the mark ▶."""

    COMPONENT_CLASSES = {
        "gallery--heading", "gallery--cursor", "gallery--blurred", "gallery--words",
        "gallery--empty",
    }  # fmt: skip
    DEFAULT_CSS = """
    Gallery {
        & > .gallery--heading { text-style: bold; color: $foreground; background: $panel; }
        & > .gallery--cursor { text-style: bold; color: $primary; }
        & > .gallery--blurred, & > .gallery--words, & > .gallery--empty { color: $text-muted; }
    }
    """
    BINDINGS = [
        Binding("right,l", "move(1)", "Right", show=False, id="gallery.right"),
        Binding("left,h", "move(-1)", "Left", show=False, id="gallery.left"),
        Binding("down,j", "step(1)", "Down", show=False, id="gallery.down"),
        Binding("up,k", "step(-1)", "Up", show=False, id="gallery.up"),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, id="gallery.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="gallery.page_up"),
        Binding("home", "first", "First", show=False, id="gallery.first"),
        Binding("end,G", "last", "Last", show=False, id="gallery.last"),
        Binding("enter", "choose", "Choose", show=False, id="gallery.choose"),
    ]

    class Moved(Cursor.Moved):
        """The cursor is on another tile, or on another key."""

    class Chosen(Cursor.Chosen):
        """Enter, or a click on the cursor's tile."""

    def __init__(
        self,
        captions: int = 2,
        side: int = 16,
        empty: str = "",
        *,
        id: str | None = None,
        classes: str | None = None,
    ):
        """Make room for `captions` lines under each picture of `side` cells across."""
        super().__init__(side, empty=empty, id=id, classes=classes)
        self._captions = captions
        self._tile: Callable[[int], Tile] = lambda _index: Tile(None)
        self._tiles: LRUCache[int, Tile] = LRUCache(CACHED_TILES)
        self._sections: Sequence[tuple[str, int]] = ()
        self._grid = Grid((), 1, side, 1)
        self._previews: dict[int, Preview] = {}
        self._checked: set[int] = set()
        self._drawing = False

    def show(
        self,
        count: int,
        tile: Callable[[int], Tile],
        sections: Sequence[tuple[str, int]] = (),
        keys: Sequence[Hashable] | None = None,
    ) -> None:
        """Show `count` tiles; `tile(index)` returns a visible one.

        `sections` are (heading, how many tiles), in order and adding up to `count`. With
        `keys`, one a tile, the cursor stays on its key, or else at its index.
        """
        sections = list(sections or [("", count)])
        before = (self._count, self._sections, self._cursor)
        self._tile, self._sections = tile, sections
        self._recount(count, keys)
        if before != (count, sections, self._cursor):
            self._lay_out()
        self.refresh_tiles()

    def refresh_tiles(self) -> None:
        """Make the visible tiles again, and draw those that changed, here or on disk."""
        before, self._tiles = self._tiles, LRUCache(CACHED_TILES)
        self._checked.clear()
        for index in self._visible():
            old = before.get(index)
            if old is None or old.source != self.tile(index).source:
                self._previews.pop(index, None)
            if old != self.tile(index):
                self._refresh_tile(index)
        self._draw()

    def watch_side(self) -> None:
        """Make every tile for the new size, whose captions are cut to it, and draw its picture."""
        self._tiles.clear()
        self._previews.clear()
        self._checked.clear()
        self._lay_out()
        self._draw()

    def redraw(self) -> None:
        """Draw every picture anew: something else draws them now."""
        self.watch_side()

    def on_resize(self) -> None:
        """Lay the tiles out again; the cursor stays visible."""
        self.refit()
        self._lay_out()
        self._draw()

    def watch_show_vertical_scrollbar(self) -> None:
        """Lay the tiles out beside the scrollbar."""
        self._lay_out()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw what becomes visible."""
        super().watch_scroll_y(old_value, new_value)
        self._draw()

    @property
    def _rows(self) -> int:
        return max(1, self.side // 2)

    def _lay_out(self) -> None:
        lines = self._rows + self._captions
        # `size` counts the scrollbar's cells too
        self._grid = Grid(self._sections, self.scrollable_content_region.width, self.side, lines)
        self.virtual_size = Size(0, self._grid.height)
        self._follow()
        self.refresh()

    def _visible(self) -> range:
        top = self.scroll_offset.y
        return self._grid.between(top, top + self.size.height)

    def _refresh_tile(self, index: int) -> None:
        x, y = self._grid.corner(index)
        y -= self.scroll_offset.y
        self.refresh(Region(x, y, self.side + 2, self._grid.pitch + 1))

    def _refresh_at(self, index: int) -> None:
        # the edges alone: Textual sends a line from the widget's left end, so anything beside
        # the pictures would cost them all again, 50 KB a key
        if index < self._count:
            x, y = self._grid.corner(index)
            y -= self.scroll_offset.y
            width, below = self.side + 2, y + self._grid.pitch
            self.refresh(Region(x, y, width, 1), Region(x, below, width, 1))

    def _follow(self) -> None:
        if not self._count:
            return
        height = self.size.height
        _, y = self._grid.corner(self._cursor)
        spot = self._grid.spot(y)
        first = y - 1 if spot.row == 0 and spot.section.headings else y
        top = round(self.scroll_y)
        top = max(min(top, first), min(first, y + self._grid.pitch + 1 - height))
        most = max(0, self._grid.height - height)
        self.scroll_to(y=min(top, most), animate=False, force=True)

    def tile(self, index: int) -> Tile:
        """Return a tile as it is shown."""
        tile = self._tiles.get(index)
        if tile is None:
            tile = self._tiles[index] = self._tile(index)
        return tile

    def _draw(self) -> None:
        """Draw what is visible; what has scrolled away is dropped."""
        visible = self._visible()
        self._checked.intersection_update(visible)
        for index in self._previews.keys() - set(visible):
            del self._previews[index]
        if not self._drawing and self.is_mounted and self._next() is not None:
            self._drawing = True
            self._drawing_all()

    def _next(self) -> int | None:
        waiting = (index for index in self._visible() if index not in self._checked)
        return next((index for index in waiting if self.tile(index).source is not None), None)

    @work(group="gallery")
    async def _drawing_all(self) -> None:
        row: list[int] = []
        try:
            while (index := self._next()) is not None:
                if row and self._grid.corner(row[0])[1] != self._grid.corner(index)[1]:
                    self._paint(row)
                self._checked.add(index)
                tile, box = self.tile(index), self._box(index)
                if box is None:
                    continue
                preview = await drawn(box)
                stays = index in self._checked and self.tile(index).source == tile.source
                if stays and self._box(index) == box and preview != self._previews.get(index):
                    self._previews[index] = preview
                    row.append(index)
        finally:
            self._paint(row)
            self._drawing = False

    def _paint(self, row: list[int]) -> None:
        """Draw the new pictures of a row at once: one by one, they send three times the bytes."""
        for index in row:
            if index < self._count:
                self._refresh_tile(index)
        row.clear()

    def _box(self, index: int) -> Box | None:
        source = self.tile(index).source
        return None if source is None else Box(source, self.side, self._rows, display_of(self))

    def _preview(self, index: int) -> Preview | None:
        if (box := self._box(index)) is None:
            return Preview((), self.tile(index).missing)
        return self._previews.get(index) or cached(box)

    def action_step(self, rows: int) -> None:
        """Move the cursor by rows of tiles."""
        if self._count:
            self.move_to(self._grid.step(self._cursor, rows))

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.action_step(pages * max(1, self.size.height // self._grid.pitch))

    def on_click(self, event: events.Click) -> None:
        """Move to the tile clicked; choose it when it is the cursor's."""
        offset = event.get_content_offset(self)
        if offset is not None:
            index = self._grid.at(offset.x, offset.y + self.scroll_offset.y)
            if index is not None:
                self._clicked(index)

    def render_line(self, y: int) -> Strip:
        """Draw a line of the visible tiles."""
        width = self.size.width
        if not self._count and y == self.size.height // 2:
            style = self.get_component_rich_style("gallery--empty")
            return text_strip(self.empty, width, style, "center")
        line = y + self.scroll_offset.y
        if not 0 <= line < self._grid.height:
            return Strip.blank(width, self.rich_style)
        spot = self._grid.spot(line)
        if spot.line < 0:
            style = self.get_component_rich_style("gallery--heading")
            return text_strip(self._grid.headings(spot.section), width, style)
        strip = self._edge(spot) if spot.line == 0 else self._across(spot)
        return strip.adjust_cell_length(width, self.rich_style).simplify()

    def _frame(self) -> Frame:
        mark, name = ("▶", "cursor") if self.has_focus else ("▷", "blurred")
        return Frame(mark, self.get_component_rich_style(f"gallery--{name}"))

    def _edge(self, spot: Spot) -> Strip:
        """Draw the upper edge of a row of tiles, which is the lower one of the row above."""
        line = Text(" " * self.size.width)
        if self._cursor in self._grid.row(spot.section, spot.row - 1):
            x, _ = self._grid.corner(self._cursor)
            line = with_lower_edge(line, x, self.side, self._frame())
        for index in self._grid.row(spot.section, spot.row):
            x, _ = self._grid.corner(index)
            frame = self._frame() if index == self._cursor else None
            line = with_edge(line, x, self.side, self.tile(index).selected, frame)
        return text_strip(line, self.size.width, self.rich_style)

    def _across(self, spot: Spot) -> Strip:
        """Draw one line of a row of tiles: of the pictures, or of the captions."""
        tiles = self._grid.row(spot.section, spot.row)
        blank = Strip.blank(1, self.rich_style)
        return Strip.join(piece for i in tiles for piece in (blank, self._piece(i, spot.line - 1)))

    def _piece(self, index: int, line: int) -> Strip:
        style, tile = self.rich_style, self.tile(index)
        below = line - self._rows
        if below >= 0:
            words = tile.caption[below] if below < len(tile.caption) else ""
            return text_strip(words, self.side, style, "center")
        preview = self._preview(index) or Preview((), "…")
        styles = (style, self.get_component_rich_style("gallery--words"))
        return picture_line(preview.rows, preview.words, line, (self.side, self._rows), styles)
