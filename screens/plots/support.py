"""Accuracy against support, a point a class, in cells. Pure."""

from collections.abc import Sequence
from math import log

from engine.schema.records import ClassScore
from screens.plots.plot import CURSOR, Target
from screens.shown import shown
from screens.widgets.text import Text
from screens.words import counted, interval, percent

ONE, SEVERAL, HERE = "•", "●", "◎"
LEFT = 6
"""Cells of the axis of accuracy."""


class SupportPlot:
    """Images of a class across, logarithmic, its accuracy up; the cursor is on a class."""

    title = "accuracy by number of images"
    command = ("classes", "--sort", "n")

    def __init__(self, classes: Sequence[ClassScore]) -> None:
        self.classes = [some for some in classes if some.n]
        """Fewest images first, and of these the least accurate."""
        self.classes.sort(key=lambda some: (some.n, _accuracy(some), some.index))
        places = range(len(self.classes))
        self._by_accuracy = sorted(places, key=lambda i: (_accuracy(self.classes[i]), i))
        self.at = self._by_accuracy[0] if self.classes else 0
        """The place of the cursor's class in `classes`: at first the least accurate."""

    def lines(self, width: int, height: int) -> list[Text]:
        """Return the points over their axis."""
        if not self.classes:
            return [Text("There are no images.")]
        rows, columns = max(1, height - 1), max(1, width - LEFT)
        cells = [[" "] * columns for _ in range(rows)]
        for some in self.classes:
            row, column = self._cell(some, rows, columns)
            cells[row][column] = ONE if cells[row][column] == " " else SEVERAL
        here = self._cell(self.classes[self.at], rows, columns)
        cells[here[0]][here[1]] = HERE
        marks = {rows - 1: "0%", (rows - 1) // 2: "", 0: "100%"}
        lines = []
        for row, line in enumerate(cells):
            axis = f"{marks.get(row, ''):>4} " + ("┤" if marks.get(row) else "│")
            text = Text(axis, "dim") + Text("".join(line))
            if row == here[0]:
                text.stylize(CURSOR, LEFT + here[1], LEFT + here[1] + 1)
            lines.append(text)
        few, many = (f"n {self.classes[end].n:,}" for end in (0, -1))
        below = few if few == many else few + many.rjust(max(len(many) + 1, columns - len(few)))
        return [line[:width] for line in [*lines, Text(" " * LEFT + below, "dim")][:height]]

    def _cell(self, some: ClassScore, rows: int, columns: int) -> tuple[int, int]:
        low, high = log(self.classes[0].n), log(self.classes[-1].n)
        share = (log(some.n) - low) / (high - low) if high > low else 0.0
        return round((1 - _accuracy(some)) * (rows - 1)), round(share * (columns - 1))

    def about(self) -> str:
        """Return what the axes and the points are."""
        return (
            f"across: images of a class (logarithmic), up: its accuracy; {ONE} a class, "
            f"{SEVERAL} several, {HERE} the cursor's; ← → go by images, ↑ ↓ by accuracy"
        )

    def at_cursor(self) -> str:
        """Return the cursor's class in words."""
        if not self.classes:
            return ""
        some = self.classes[self.at]
        ci = "" if some.ci is None else f" {interval(*some.ci)}"
        return f"{shown(some.name)}: {counted(some.n, 'image')}, {percent(some.accuracy)} right{ci}"

    def move(self, across: int, down: int) -> None:
        """Move to the class with the next number of images, or the next accuracy."""
        last = len(self.classes) - 1
        if across and last >= 0:
            self.at = max(0, min(self.at + across, last))
        if down and last >= 0:
            place = self._by_accuracy.index(self.at) - down
            self.at = self._by_accuracy[max(0, min(place, last))]

    def target(self) -> Target | None:
        """Return the cursor's class."""
        if not self.classes:
            return None
        some = self.classes[self.at]
        return Target(some.index, some.name, some.n - some.correct)


def _accuracy(some: ClassScore) -> float:
    return some.accuracy or 0.0
