"""Curves of shares in braille dots, two across and four down a cell. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from screens.widgets.text import Text

SOLID, DASHED, DOTTED = "1", "111000", "100"
"""Which dots of a curve are drawn: curves differ by more than colour."""
BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
LEGEND_FROM = 40
"""Cells: a narrower chart names its curves no more."""


@dataclass(frozen=True)
class Series:
    """A curve: a share (0 to 1) or None at each place; a constant one is a reference line."""

    name: str
    values: Sequence[float | None]
    style: str = ""
    dash: str = SOLID


def chart(
    series: Sequence[Series],
    x: Sequence[object],
    width: int,
    height: int,
    cursor: int | None = None,
) -> list[Text]:
    """Return `height` lines: curves over the places `x`, evenly spaced, the first on top.

    The axes are labelled, each curve is named at its end, `cursor` is a place marked.
    """
    values = [value for one in series for value in one.values if value is not None]
    if not values or not x or height < 3:
        return [Text() for _ in range(height)]
    low, high = min(values), max(values)
    if high - low < 0.01:
        low, high = max(0.0, low - 0.005), high + 0.005
    rows = height - 1
    marks = _percents(low, high, rows)
    left = max(map(len, marks.values())) + 1
    right = min(max(len(one.name) for one in series) + 1, width // 3)
    right = right if width >= LEGEND_FROM else 0
    plot = _Plot(max(1, width - left - right), rows, low, high, len(x))
    for one in reversed(series):
        plot.draw(one)
    legend = _legend(series, plot) if right else {}
    lines = []
    for row in range(rows):
        line = Text(marks.get(row, "").rjust(left - 1) + ("┤" if row in marks else "│"))
        line.append_text(plot.line(row, cursor))
        if row in legend:
            line.append(" " + legend[row].name[: right - 1], legend[row].style)
        lines.append(line)
    return [*lines, Text(" " * left) + _places(x, plot, cursor)]


def _percents(low: float, high: float, rows: int) -> dict[int, str]:
    digits = 0 if high - low >= 0.1 else 1
    at = {0: high, rows - 1: low}
    if rows >= 7:
        middle = (rows - 1) // 2
        at[middle] = high - (high - low) * middle / (rows - 1)
    return {row: f"{100 * value:.{digits}f}%" for row, value in at.items()}


@dataclass
class _Plot:
    width: int
    rows: int
    low: float
    high: float
    places: int
    dots: dict[tuple[int, int], int] = field(default_factory=dict)
    styles: dict[tuple[int, int], str] = field(default_factory=dict)

    def across(self, place: int) -> int:
        """Return a place's dot from the left."""
        return round(place * (2 * self.width - 1) / max(1, self.places - 1))

    def down(self, value: float) -> int:
        """Return a value's dot from the top."""
        return round((self.high - value) / (self.high - self.low) * (4 * self.rows - 1))

    def draw(self, series: Series) -> None:
        cells: dict[tuple[int, int], int] = {}
        for dot_x, dot_y in self._path(series.values):
            if series.dash[dot_x % len(series.dash)] == "1":
                cell = (dot_y // 4, dot_x // 2)
                cells[cell] = cells.get(cell, 0) | BITS[dot_x % 2][dot_y % 4]
        self.dots.update(cells)  # a cell has one colour: the curve on top has it to itself
        self.styles.update(dict.fromkeys(cells, series.style))

    def _path(self, values: Sequence[float | None]) -> Iterator[tuple[int, int]]:
        points = [
            None if value is None else (self.across(place), self.down(value))
            for place, value in enumerate(values[: self.places])
        ]
        yield from (point for point in points if point is not None)
        for start, end in pairwise(points):
            if start is not None and end is not None:
                yield from _segment(start, end)

    def line(self, row: int, cursor: int | None) -> Text:
        text = Text()
        marked = None if cursor is None else self.across(cursor) // 2
        for column in range(self.width):
            cell = (row, column)
            if cell in self.dots:
                text.append(chr(0x2800 + self.dots[cell]), self.styles[cell])
            else:
                text.append("┊" if column == marked else " ")
        return text


def _segment(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        share = step / steps
        yield (
            round(start[0] + (end[0] - start[0]) * share),
            round(start[1] + (end[1] - start[1]) * share),
        )


def _legend(series: Sequence[Series], plot: _Plot) -> dict[int, Series]:
    """Return the row of each name: by its curve's end, or the nearest row still free."""
    taken: dict[int, Series] = {}
    for one in series:
        known = [value for value in one.values[: plot.places] if value is not None]
        free = [row for row in range(plot.rows) if row not in taken]
        if known and free:
            wanted = plot.down(known[-1]) // 4
            taken[min(free, key=lambda row: abs(row - wanted))] = one
    return taken


def _places(x: Sequence[object], plot: _Plot, cursor: int | None) -> Text:
    """Return the labels under the curves, those that have room; the cursor's always."""
    line = [" "] * plot.width
    order = [0, len(x) - 1, *range(1, len(x) - 1)]
    marked = cursor is not None and 0 <= cursor < len(x)
    for place in ([cursor] if cursor is not None and marked else []) + order:
        label = f"[{x[place]}]" if place == cursor else str(x[place])
        centre = plot.across(place) // 2 - len(label) // 2
        start = max(0, min(centre, plot.width - len(label)))
        around = line[max(0, start - 1) : start + len(label) + 1]
        if set(around) <= {" "}:
            line[start : start + len(label)] = label
    return Text("".join(line)[: plot.width])
