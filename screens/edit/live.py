"""An edit while it runs: what it and its controls reach on the choosing images, epoch by epoch."""

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from engine.schema.edits import EditEpoch
from engine.schema.records import Outcome
from screens.widgets.chart import DASHED, DOTTED, SOLID, Chart, Series
from screens.words import percent

DASHES = (DASHED, DOTTED, "1100", "11110100")
GLYPHS = ("╍", "┄", "┅", "┉")
Pick = Callable[[Outcome], float | None]


class Live(Vertical):
    """Three charts: the class, the worst class or group, and all images."""

    DEFAULT_CSS = """
    Live {
        & > .what { height: 1; padding: 0 1; text-style: bold; }
    }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._epochs: list[EditEpoch] = []
        self._class = ""

    def compose(self) -> ComposeResult:
        """Put each chart under its figures."""
        for part in ("target", "worst", "overall"):
            yield Static(id=f"{part}-now", classes="what")
            empty = "the curves begin with the first epoch" if part == "worst" else ""
            yield Chart(id=f"{part}-chart", empty=empty)

    def begin(self, name: str) -> None:
        """Forget an older run; `name` is the class's."""
        self._class, self._epochs = name, []
        self._draw()

    def add(self, epoch: EditEpoch) -> None:
        """Draw one epoch more; one told again replaces what was told of it."""
        self._epochs = [some for some in self._epochs if some.epoch < epoch.epoch] + [epoch]
        self._draw()

    def _draw(self) -> None:
        grouped = bool(self._epochs) and self._epochs[-1].edit.worst_group is not None
        worst: Pick = lambda some: some.worst_group if grouped else some.worst_class  # noqa: E731
        self._show("target", self._class, lambda some: some.target)
        self._show("worst", "worst group" if grouped else "worst class", worst)
        self._show("overall", "overall", lambda some: some.overall)

    def _show(self, part: str, title: str, pick: Pick) -> None:
        epochs, colours = self._epochs, self.app.theme_variables
        drawn = [Series("━ edit", [pick(e.edit) for e in epochs], colours["primary"], SOLID)]
        names = dict.fromkeys(name for epoch in epochs for name in epoch.controls)
        tints = (colours["warning"], "", colours["secondary"], colours["error"])
        for name, dash, glyph, tint in zip(names, DASHES, GLYPHS, tints, strict=False):
            values = [pick(e.controls[name]) if name in e.controls else None for e in epochs]
            drawn.append(Series(f"{glyph} {name}", values, tint, dash))
        told = [some.epoch for some in epochs]
        coming = range(told[-1] + 1, epochs[-1].epochs + 1) if epochs else ()
        self.query_one(f"#{part}-chart", Chart).show(drawn if epochs else (), [*told, *coming])
        now = [f"{some.name[2:]} {percent(some.values[-1])}" for some in drawn] if epochs else []
        line = Text("   ".join([title, *now]), no_wrap=True, overflow="ellipsis")
        self.query_one(f"#{part}-now", Static).update(line)
