"""The classifier on the evaluation split, plotted; one can walk into the images."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from engine.evaluation.calibration import split_calibration
from engine.evaluation.confusions import confusion_matrix
from engine.evaluation.scores import score
from engine.features.cache import FeatureCache
from screens.base import Base
from screens.command import Command, bindings
from screens.ensure_features import FAILED, ensure_features
from screens.latest import LatestTask
from screens.messages import ToMistakes, ToPlots
from screens.plots.calibration import CalibrationPlot
from screens.plots.confusions import ConfusionPlot
from screens.plots.plot import Plot
from screens.plots.support import SupportPlot
from screens.ports import Workspace
from screens.widgets.strips import text_strip
from screens.widgets.text import Static, Text

PLOTS: tuple[Callable[[FeatureCache], Plot], ...] = (
    lambda cache: ConfusionPlot(confusion_matrix(cache)),
    lambda cache: CalibrationPlot(split_calibration(cache)),
    lambda cache: SupportPlot(score(cache).classes),
)
"""In the order of their key."""


class Canvas(Widget):
    """A plot at the size of this."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Canvas { width: 1fr; height: 1fr; margin: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._plot: Plot | None = None
        self._lines: list[Text] = []

    def on_resize(self) -> None:
        """Fit the plot to the new size, as where the lines around it are fewer."""
        if self._plot is not None:
            self.draw(self._plot)

    def draw(self, plot: Plot) -> None:
        """Show a plot as it is now."""
        self._plot = plot
        self._lines = plot.lines(max(1, self.size.width), max(1, self.size.height))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line of the plot."""
        line = self._lines[y] if y < len(self._lines) else ""
        return text_strip(line, self.size.width, self.rich_style)


class PlotsScreen(Base):
    """Plots, one after another by a key; each has a cursor that arrows move."""

    NAME = "Plots"
    OPENED_BY = ToPlots
    TABLE: ClassVar = (
        Command("plots.open", "enter", "open", "Mistakes", "Show the mistakes at the cursor"),
        Command("plots.next", "p", "next", "Next plot", "Show the next plot"),
        Command("plots.left", "left,h", "move(-1, 0)", "Left", "Move the cursor left", False),
        Command("plots.right", "right,l", "move(1, 0)", "Right", "Move the cursor right", False),
        Command("plots.up", "up,k", "move(0, -1)", "Up", "Move the cursor up", False),
        Command("plots.down", "down,j", "move(0, 1)", "Down", "Move the cursor down", False),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    PlotsScreen {
        & #about, & #cursor { height: auto; padding: 0 1; }
        & #about { color: $text-muted; margin-bottom: 1; }
        & #cursor { text-style: bold; background: $panel; }
    }
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._cache: FeatureCache | None = None
        self._plots: dict[int, Plot] = {}
        self._at = 0
        self._load = LatestTask(self, self._read, self._take, self._fail)

    @property
    def plot(self) -> Plot | None:
        """The plot shown, once it is there."""
        return self._plots.get(self._at)

    def body(self) -> ComposeResult:
        """Return how to read the plot, the plot, and what is at its cursor."""
        yield Static("loading…", id="about")
        yield Canvas()
        yield Static("", id="cursor")

    def command_line(self) -> tuple[str, ...]:
        """Return the command that answers the same."""
        return ("classes",) if self.plot is None else self.plot.command

    def on_mount(self) -> None:
        """Load the first; the first paint does not wait."""
        self.set_breadcrumb("plots")
        self._load.start(self._at)

    def on_screen_resume(self) -> None:
        """Count anew what was set aside or brought back meanwhile."""
        if self._cache is not None:
            self._load.start(self._at)

    def _read(self, at: int) -> tuple[int, FeatureCache, Plot | None] | None:
        cache = self.workspace.cache()
        if cache is None:
            return None
        fresh = cache is not self._cache or at not in self._plots
        return at, cache, PLOTS[at](cache) if fresh else None

    def _take(self, found: tuple[int, FeatureCache, Plot | None] | None) -> None:
        if found is None:
            self._say(ensure_features(self.workspace, self.job_line))
            return
        at, cache, plot = found
        if cache is not self._cache:
            self._cache, self._plots = cache, {}
        if plot is not None:
            self._plots[at] = plot
        self._show()

    def _fail(self, sentence: str) -> None:
        self._say(f"✗ {sentence}")

    def _say(self, sentence: str) -> None:
        self.query_one("#about", Static).update(sentence)

    def on_job_line_done(self) -> None:
        """Plot now that the features are there."""
        self._load.start(self._at)

    def on_job_line_failed(self) -> None:
        """Say what can be done."""
        if self._cache is None:
            self._say(FAILED)

    def _show(self) -> None:
        plot = self.plot
        if plot is None or self._cache is None:
            return
        split = self._cache.meta.split
        self.set_breadcrumb(f"{split} {len(self._cache.counted):,}", plot.title)
        self._say(plot.about())
        self.query_one(Canvas).draw(plot)
        self.query_one("#cursor", Static).update(plot.at_cursor())
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action == "open":
            return self.plot is not None and self.plot.target() is not None
        if action in ("next", "move"):
            return self.plot is not None
        return super().check_action(action, parameters)

    def action_next(self) -> None:
        """Show the next plot."""
        self._at = (self._at + 1) % len(PLOTS)
        self._load.start(self._at)

    def action_move(self, across: int, down: int) -> None:
        """Move the plot's cursor."""
        if self.plot is not None:
            self.plot.move(across, down)
            self._show()

    def action_open(self) -> None:
        """Show the mistakes at the cursor."""
        target = None if self.plot is None else self.plot.target()
        if target is None:
            return
        if not target.mistakes:
            self.notify(f"{target.name} has no mistakes.", markup=False)
            return
        self.post_message(ToMistakes(target.class_index, target.predicted))
