"""An edit while it runs: its accuracy and its controls' on the selection images, by epoch."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical

from engine.schema.edits import EditEpoch
from engine.schema.records import Outcome
from screens.edit.summary import CONTROLS
from screens.widgets.chart import DASHED, DOTTED, SOLID, Chart, Series
from screens.widgets.text import Static, Text
from screens.words import percent

DASHES = (DASHED, DOTTED, "1100", "11110100")
GLYPHS = ("╍", "┄", "┅", "┉")
Pick = Callable[[Outcome], float | None]


class Live(Vertical):
    """Three charts: the class, the worst class or group, and all images."""

    DEFAULT_CSS = """
    Live {
        & > .figures { height: 1; padding: 0 1; text-style: bold; }
        & > #controls { height: auto; padding: 0 1; color: $text-muted; }
    }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._epochs: list[EditEpoch] = []
        self._class = ""

    def compose(self) -> ComposeResult:
        """Put each chart under its figures, and the names of the controls at the end."""
        for part in ("target", "worst", "overall"):
            yield Static(id=f"{part}-now", classes="figures")
            empty = "the curves begin with the first epoch" if part == "worst" else ""
            yield Chart(id=f"{part}-chart", empty=empty)
        yield Static(id="controls")

    def begin(self, name: str) -> None:
        """Clear an older run; `name` is the class's."""
        self._class, self._epochs = name, []
        self._draw()

    def add(self, epoch: EditEpoch) -> None:
        """Draw one more epoch; a repeated one replaces its older record."""
        self._epochs = [e for e in self._epochs if e.epoch < epoch.epoch] + [epoch]
        self._draw()

    def _draw(self) -> None:
        grouped = bool(self._epochs) and self._epochs[-1].edit.worst_group is not None
        worst: Pick = lambda o: o.worst_group if grouped else o.worst_class  # noqa: E731
        self._show("target", self._class, lambda o: o.target)
        self._show("worst", "worst group" if grouped else "worst class", worst)
        self._show("overall", "overall", lambda o: o.overall)
        names = self._epochs[-1].controls if self._epochs else ()
        known = [
            f"{name}: {CONTROLS[name].partition(',')[0]}" for name in names if name in CONTROLS
        ]
        self.query_one("#controls", Static).update("   ".join(known))

    def _show(self, part: str, title: str, pick: Pick) -> None:
        epochs, colours = self._epochs, self.app.theme_variables
        drawn = [Series("━ edit", [pick(e.edit) for e in epochs], colours["text-primary"], SOLID)]
        names = dict.fromkeys(name for epoch in epochs for name in epoch.controls)
        tints = (
            colours["text-warning"],
            "",
            colours["text-secondary"],
            colours["text-error"],
        )
        for name, dash, glyph, tint in zip(names, DASHES, GLYPHS, tints, strict=False):
            values = [pick(e.controls[name]) if name in e.controls else None for e in epochs]
            drawn.append(Series(f"{glyph} {name}", values, tint, dash))
        done = [epoch.epoch for epoch in epochs]
        coming = range(done[-1] + 1, epochs[-1].epochs + 1) if epochs else ()
        self.query_one(f"#{part}-chart", Chart).show(drawn if epochs else (), [*done, *coming])
        now = [f"{one.name[2:]} {percent(one.values[-1])}" for one in drawn] if epochs else []
        line = Text("   ".join([title, *now]), no_wrap=True, overflow="ellipsis")
        self.query_one(f"#{part}-now", Static).update(line)
