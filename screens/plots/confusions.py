"""The confusion matrix of the worst classes, in cells. Pure."""

from dataclasses import dataclass

from rich.cells import cell_len

from engine.schema.records import ConfusionMatrix
from screens.plots.plot import CURSOR, Target
from screens.shown import shown
from screens.widgets.rows import fit_in
from screens.widgets.text import Text
from screens.words import counted, percent

NAME_MOST, NAME_LEAST = 24, 8
SHADES = " ░▒▓█"
NONE = "No image is predicted as another class."


def shade(share: float) -> str:
    """Return a cell's shade for a share of its row: none under 5%, full from 80%."""
    return SHADES[sum(share >= least for least in (0.05, 0.2, 0.5, 0.8))]


@dataclass(frozen=True)
class _Layout:
    """The cells that there is room for: `size` classes, names and counts so wide."""

    size: int
    name: int
    cell: int


class ConfusionPlot:
    """True classes down, predictions across, each cell a count and the shade of its share."""

    title = "confusions of the worst classes"
    command = ("classes", "--confusions")

    def __init__(self, matrix: ConfusionMatrix) -> None:
        self.matrix = matrix
        self._size = len(matrix.classes)
        """Classes that there is room for."""
        self.row, self.column = 0, 0
        others = [
            (-count, j)
            for j, count in enumerate(matrix.counts[0] if matrix.counts else ())
            if j and count
        ]
        if others:  # the worst class's top confusion
            self.column = min(others)[1]

    def _layout(self, width: int, height: int) -> _Layout:
        matrix = self.matrix
        digits = max(2, len(str(max(matrix.n, default=0))))
        cell = digits + 2  # a gap, the count, its shade
        named = max((cell_len(shown(label.name)) for label in matrix.classes), default=0)
        name = min(NAME_MOST, named) + 3
        beside = 2 * (digits + 2) + 2  # elsewhere, n
        room = (width - min(name, NAME_LEAST + 3) - beside) // cell
        size = max(1, min(len(matrix.classes), height - 1, room))
        return _Layout(size, max(4, min(name, width - beside - size * cell)), cell)

    def lines(self, width: int, height: int) -> list[Text]:
        """Return a line of numbers, then a line a class, in at most `width` cells."""
        matrix = self.matrix
        if not matrix.classes:
            return [Text(NONE)]
        layout = self._layout(width, height)
        self._size = layout.size
        self.move(0, 0)
        head = Text(" " * layout.name)
        for column in range(layout.size):
            number = f"{column + 1}".rjust(layout.cell - 1) + " "
            head.append(number, "bold" if column == self.column else "dim")
        head.append("else".rjust(layout.cell) + "n".rjust(layout.cell), "dim")
        return [head, *(self._line(row, layout) for row in range(layout.size))]

    def _line(self, row: int, layout: _Layout) -> Text:
        matrix, n = self.matrix, self.matrix.n[row]
        name = f"{row + 1:>2} {matrix.classes[row].name}"
        line = fit_in(Text(name, "bold" if row == self.row else ""), layout.name)
        for column in range(layout.size):
            count = matrix.counts[row][column]
            said = f"{count or '·'}".rjust(layout.cell - 1)
            style = "dim" if not count else "bold" if row == column else ""
            if (row, column) == (self.row, self.column):
                style = CURSOR
            line.append(said + shade(count / n if n else 0), style)
        line.append(f"{self._elsewhere(row) or '·'}".rjust(layout.cell), "dim")
        line.append(str(n).rjust(layout.cell), "dim")
        return line

    def _elsewhere(self, row: int) -> int:
        return self.matrix.n[row] - sum(self.matrix.counts[row][: self._size])

    def about(self) -> str:
        """Return what rows, columns and shades are."""
        return (
            "rows: true classes, most mistakes first; columns: predicted, by the rows' numbers; "
            "else: as other classes; shade: share of the row (░ 5%, ▒ 20%, ▓ 50%, █ 80%)"
        )

    def at_cursor(self) -> str:
        """Return the cell under the cursor in words."""
        if not self.matrix.classes:
            return ""
        matrix, row, column = self.matrix, self.row, self.column
        count, n = matrix.counts[row][column], matrix.n[row]
        if row == column:
            rest = f"{count:,} right of {counted(n, 'image')}"
        else:
            rest = f"→ {matrix.classes[column].name}: {count:,} of {counted(n, 'image')}"
        share = f" ({percent(count / n)})" if n else ""
        return f"{matrix.classes[row].name} {rest}{share}"

    def move(self, across: int, down: int) -> None:
        """Move to another cell."""
        last = max(0, self._size - 1)
        self.row = max(0, min(self.row + down, last))
        self.column = max(0, min(self.column + across, last))

    def target(self) -> Target | None:
        """Return the true class, and the prediction off the diagonal."""
        if not self.matrix.classes:
            return None
        label, predicted = self.matrix.classes[self.row], self.matrix.classes[self.column]
        mistakes = self.matrix.n[self.row] - self.matrix.counts[self.row][self.row]
        other = None if label == predicted else predicted.index
        return Target(label.index, label.name, mistakes, other)
