"""What a class's screens would show, beside the list: its mistakes, and the neurons to blame."""

from dataclasses import dataclass
from pathlib import Path

from rich.table import Table as Grid
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Static

from engine.attribution.query import rank_neurons
from engine.evaluation.scores import mistakes
from engine.features.cache import FeatureCache
from engine.schema.records import Mistake, Mistakes, Neurons, RankedNeuron
from screens.latest import Asker
from screens.widgets.gallery import Gallery, Tile
from screens.words import counted

NEURONS = 3
SETTLE = 0.12
"""Seconds the cursor rests before anything is asked: a held key passes many classes."""


@dataclass(frozen=True)
class Glance:
    """A class at a glance; no neurons where it has no mistakes."""

    listed: Mistakes
    blamed: Neurons | None


class ClassPreview(Vertical):
    """The class under the cursor, once it rests there and there is room for this.

    Args:
        seed: Of the neurons' bootstrap.
    """

    DEFAULT_CSS = """
    ClassPreview {
        width: 40%;
        border-left: vkey $panel-lighten-2;
        padding: 0 1;
        & > Static { height: auto; }
        & > Gallery { scrollbar-size-vertical: 0; }
        & > #glance-title { text-style: bold; }
        & > #glance-neurons { padding-bottom: 1; }
    }
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._aim: tuple[FeatureCache, int] | None = None
        self._asked: tuple[FeatureCache, int] | None = None
        self._timer: Timer | None = None
        self._asker = Asker(self, self._look, self._show, self._say)

    def compose(self) -> ComposeResult:
        """Return title, neurons, pictures."""
        yield Static("", id="glance-title", markup=False)
        yield Static("", id="glance-neurons")
        gallery = Gallery(captions=2)
        gallery.can_focus = False
        yield gallery

    def aim(self, cache: FeatureCache, class_index: int) -> None:
        """Show a class, unless another is aimed at soon."""
        self._aim = (cache, class_index)
        self._later()

    def on_show(self) -> None:
        """Catch up: nothing is asked while there is no room."""
        self._later()

    def _later(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self.display and self._aim != self._asked:
            self._timer = self.set_timer(SETTLE, self._ask)

    def _ask(self) -> None:
        if self._aim is not None:
            self._asked = self._aim
            self._asker.ask(*self._aim)

    def _look(self, cache: FeatureCache, class_index: int) -> Glance:
        listed = mistakes(cache, class_index)
        blamed = None
        if listed.mistakes:
            blamed = rank_neurons(cache, class_index, by="contrast", top=NEURONS, seed=self._seed)
        return Glance(listed, blamed)

    def _show(self, glance: Glance) -> None:
        listed = glance.listed
        found = listed.mistakes
        title = f"{listed.class_.name}: {counted(len(found), 'mistake')} of {listed.n:,}"
        self.query_one("#glance-title", Static).update(title)
        gallery = self.query_one(Gallery)
        gallery.empty = "no mistakes" if listed.n else "no images of this class"
        gallery.show(len(found), lambda i: thumbnail(found[i]))
        gallery.move_to(0)
        self.query_one("#glance-neurons", Static).update(
            "" if glance.blamed is None else blame(glance.blamed)
        )

    def _say(self, sentence: str) -> None:
        self.query_one("#glance-title", Static).update(f"✗ {sentence}")


def thumbnail(mistake: Mistake) -> Tile:
    """Return a mistake as a tile: what it was taken for, and how surely."""
    return Tile(Path(mistake.path), (f"→ {mistake.predicted.name}", f"{mistake.p_predicted:.2f}"))


def blame(found: Neurons) -> Grid:
    """Return the first neurons of both lists, side by side."""
    grid = Grid.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(Text("insufficient", style="bold"), Text("has too much", style="bold"))
    for row in range(NEURONS):
        grid.add_row(_neuron(found.insufficient, row), _neuron(found.excessive, row))
    return grid


def _neuron(ranked: tuple[RankedNeuron, ...], row: int) -> str:
    if row >= len(ranked):
        return ""
    entry = ranked[row]
    vote = "" if entry.vote is None else f"  vote {entry.vote:.0f}%"
    return f"{entry.neuron:>5}  stable {100 * entry.stability:3.0f}%{vote}"
