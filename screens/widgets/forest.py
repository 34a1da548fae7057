"""Differences with their intervals as a forest plot: a line each, about a common zero. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from screens.widgets.text import Text

LEAST = 11
"""Cells: in fewer, an interval could not be told from its point."""
CLEAR, UNCLEAR = "●", "○"
"""A point whose interval is on one side of zero, and one whose interval holds zero."""


@dataclass(frozen=True)
class Interval:
    """A difference of shares and its interval, each -1 to 1."""

    point: float
    lo: float
    hi: float

    @property
    def clear(self) -> bool:
        """Whether zero is outside."""
        return self.lo > 0 or self.hi < 0


@dataclass(frozen=True)
class Axis:
    """The differences from `lo` <= 0 to `hi` >= 0, lo < hi, over `width` cells."""

    lo: float
    hi: float
    width: int

    @classmethod
    def of(cls, intervals: Sequence[Interval], width: int) -> "Axis":
        """Return the axis that holds all of them, and zero."""
        values = [value for some in intervals for value in (some.point, some.lo, some.hi)]
        lo, hi = min([0.0, *values]), max([0.0, *values])
        return cls(lo, hi, width) if hi - lo > 1e-9 else cls(-0.01, 0.01, width)

    def cell(self, value: float) -> int:
        """Return the cell of a difference, from the left."""
        return round((value - self.lo) / (self.hi - self.lo) * (self.width - 1))

    def labels(self) -> str:
        """Return both ends in percentage points, and 0 where there is room for it."""
        zero = self.cell(0)
        line = [" "] * self.width
        for label, start in (
            (_points(self.lo), 0),
            (_points(self.hi), self.width - len(_points(self.hi))),
            ("0", zero),
        ):
            around = line[max(0, start - 1) : start + len(label) + 1]
            if set(around) <= {" "}:
                line[start : start + len(label)] = label
        return "".join(line)

    def draw(self, some: Interval) -> Text:
        """Return a line: the interval as whiskers, its point, and zero."""
        zero = self.cell(0)
        start, point, end = (self._aside(some, value) for value in (some.lo, some.point, some.hi))
        cells = [" "] * self.width
        cells[start : end + 1] = "─" * (end + 1 - start)
        cells[start], cells[end] = "├", "┤"
        if cells[zero] in " ─":
            cells[zero] = "│" if cells[zero] == " " else "┼"
        cells[point] = CLEAR if some.clear else UNCLEAR
        return Text("".join(cells), _style(some))

    def _aside(self, some: Interval, value: float) -> int:
        """Return a value's cell; beside zero's where the interval leaves zero out."""
        cell, zero = self.cell(value), self.cell(0)
        if some.clear and cell == zero:
            cell += 1 if some.lo > 0 else -1
        return min(max(cell, 0), self.width - 1)


def _points(value: float) -> str:
    if value == 0:
        return "0"
    return f"{100 * value:+.0f}" if abs(value) >= 0.1 else f"{100 * value:+.1f}"


def _style(some: Interval) -> str:
    if not some.clear:
        return ""
    return "green" if some.lo > 0 else "red"
