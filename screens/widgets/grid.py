"""Where the tiles of a gallery are: sections of rows of tiles, small ones side by side. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from screens.shown import shown


@dataclass(frozen=True)
class Section:
    """Headings (or none) in a line, and the tiles under them; `top` is its first line."""

    headings: tuple[tuple[int, str], ...]
    """Each with the column it begins at; several where their tiles share a row."""
    first: int
    count: int
    top: int


@dataclass(frozen=True)
class Spot:
    """A line of the grid: in `row` of a section's tiles, `line` of them; -1 is the heading.

    Line 0 is the tiles' upper edge, which is the lower edge of the row above.
    """

    section: Section
    row: int
    line: int


class Grid:
    """Tiles of one size, side by side, neighbours sharing their edge."""

    def __init__(self, sections: Sequence[tuple[str, int]], width: int, side: int, lines: int):
        """Lay out (heading, tiles) in `width` cells; a tile is `side` cells by `lines`.

        Sections small enough to share a row do, their headings side by side.
        """
        self.columns = max(1, (width - 1) // (side + 1))
        self.side = side
        self.pitch = lines + 1
        self.sections = self._stacked(self._joined(sections))
        last = self.sections[-1] if self.sections else None
        self.height = 0 if last is None else last.top + self._lines(last)
        self._tops = [section.top for section in self.sections]
        self._firsts = [section.first for section in self.sections]

    def _joined(self, sections: Sequence[tuple[str, int]]) -> list[Section]:
        """Let neighbours share a row where it has room for all their tiles and headings."""
        joined: list[Section] = []
        first = 0
        for heading, count in sections:
            heading = shown(heading)
            section = Section(((0, heading),) if heading else (), first, count, 0)
            first += count
            if joined and count and self._fits(joined[-1], section):
                before = joined.pop()
                headings = (*before.headings, (before.count, heading))
                section = Section(headings, before.first, before.count + count, 0)
            if count:
                joined.append(section)
        return joined

    def _fits(self, before: Section, section: Section) -> bool:
        if not before.headings or not section.headings:
            return False
        if before.count + section.count > self.columns:
            return False
        (start, left), (_, right) = before.headings[-1], section.headings[0]
        room = self.columns - before.count
        return self._within(left, before.count - start) and self._within(right, room)

    def _within(self, heading: str, columns: int) -> bool:
        return cell_len(heading) < columns * (self.side + 1)

    def _stacked(self, sections: Sequence[Section]) -> list[Section]:
        stacked, top = [], 0
        for section in sections:
            stacked.append(replace(section, top=top))
            top += self._lines(section)
        return stacked

    def _lines(self, section: Section) -> int:
        return bool(section.headings) + self._rows(section.count) * self.pitch + 1

    def _rows(self, count: int) -> int:
        return -(-count // self.columns)

    def spot(self, line: int) -> Spot:
        """Return what is on a line of the grid, 0 to `height` - 1."""
        section = self.sections[bisect_right(self._tops, line) - 1]
        below = line - section.top - bool(section.headings)
        return Spot(section, *((0, -1) if below < 0 else divmod(below, self.pitch)))

    def headings(self, section: Section) -> str:
        """Return a section's line of headings, each above its tiles."""
        line = ""
        for column, heading in section.headings:
            line = line.ljust(column * (self.side + 1) + 1 - cell_len(line) + len(line)) + heading
        return line

    def row(self, section: Section, row: int) -> range:
        """Return the tiles in a row of a section; none in a row that is not there."""
        if row < 0:
            return range(0)
        start, end = section.first + row * self.columns, section.first + section.count
        return range(min(start, end), min(start + self.columns, end))

    def corner(self, index: int) -> tuple[int, int]:
        """Return the column and line of a tile's upper left corner."""
        place, row, column = self._where(index)
        section = self.sections[place]
        top = section.top + bool(section.headings) + row * self.pitch
        return column * (self.side + 1), top

    def _where(self, index: int) -> tuple[int, int, int]:
        place = bisect_right(self._firsts, index) - 1
        return place, *divmod(index - self._firsts[place], self.columns)

    def step(self, index: int, rows: int) -> int:
        """Return the tile `rows` below (or above), in the same column where there is one."""
        way = 1 if rows > 0 else -1
        place, row, column = self._where(index)
        for _ in range(abs(rows)):
            row += way
            if not self.row(self.sections[place], row):
                place += way
                if not 0 <= place < len(self.sections):
                    return index
                row = 0 if rows > 0 else self._rows(self.sections[place].count) - 1
            tiles = self.row(self.sections[place], row)
            index = tiles[min(column, len(tiles) - 1)]
        return index

    def between(self, top: int, bottom: int) -> range:
        """Return the tiles with a line, edges included, in `top` <= line < `bottom`."""
        return range(self._starting_before(top - self.pitch), self._starting_before(bottom))

    def _starting_before(self, line: int) -> int:
        place = bisect_left(self._tops, line) - 1
        if place < 0:
            return 0
        section = self.sections[place]
        rows = -(-(line - section.top - bool(section.headings)) // self.pitch)
        return section.first + min(section.count, rows * self.columns)

    def at(self, x: int, line: int) -> int | None:
        """Return the tile at a cell of the grid; None between and beyond them."""
        if not self.sections or not 0 <= line < self.height:
            return None
        spot = self.spot(line)
        tiles = self.row(spot.section, spot.row)
        column = (x - 1) // (self.side + 1)
        inside = spot.line >= 0 and 0 <= column < len(tiles)
        return tiles[column] if inside else None
