"""Curves at the size of their widget."""

from collections.abc import Sequence

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from screens.widgets.curves import DASHED, DOTTED, SOLID, Series, chart
from screens.widgets.strips import text_strip
from screens.widgets.text import Text

__all__ = ["DASHED", "DOTTED", "SOLID", "Chart", "Series"]


class Chart(Widget):
    """Curves of shares, redrawn at every size."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"chart--empty"}
    DEFAULT_CSS = """
    Chart {
        width: 1fr;
        height: 1fr;
        & > .chart--empty { color: $text-muted; }
    }
    """

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None):
        super().__init__(id=id, classes=classes)
        self.empty = empty
        """Shown in the middle when there are no curves."""
        self._series: Sequence[Series] = ()
        self._x: Sequence[object] = ()
        self._cursor: int | None = None
        self._drawn: list[Text] = []
        self._drawn_at: Size | None = None

    def show(
        self, series: Sequence[Series], x: Sequence[object], cursor: int | None = None
    ) -> None:
        """Draw curves over the places `x`, and mark the one at index `cursor`."""
        self._series, self._x, self._cursor = series, x, cursor
        self._drawn_at = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line of the chart."""
        width, height = self.size
        if not self._series:
            style = self.get_component_rich_style("chart--empty")
            words = self.empty if y == height // 2 else ""
            return text_strip(words, width, style, "center")
        if self._drawn_at != self.size:
            self._drawn_at = self.size
            self._drawn = chart(self._series, self._x, width, height, self._cursor)
        return text_strip(self._drawn[y], width, self.rich_style)
