"""A preview of a class, beside the list: its mistakes, their kinds, and the neurons behind them."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from engine.attribution.query import rank_neurons
from engine.data.stored import PictureFinder
from engine.evaluation.scores import mistakes
from engine.features.cache import FeatureCache
from engine.grouping.sides import TwoKinds
from engine.schema.records import Mistake, Mistakes, Neurons, RankedNeuron
from screens.classes.kinds import KindsOfClasses, kinds_lines
from screens.clip_words import ClipWords, Lines, beside
from screens.guarded import while_open
from screens.latest import LatestTask
from screens.ports import Workspace
from screens.widgets.cursor import RESTS
from screens.widgets.filling import FillingGallery
from screens.widgets.gallery import Gallery, Tile
from screens.widgets.text import Columns, Static, Text, stacked
from screens.words import counted

NEURONS = 3


@dataclass(frozen=True)
class Summary:
    """A class's mistakes, neurons and words; no neurons and words where it has no mistakes."""

    picture_of: PictureFinder
    mistakes: Mistakes
    neurons: Neurons | None
    words: Lines


class ClassPreview(Vertical):
    """The class under the cursor, once it rests there and there is room for this.

    Args:
        workspace: For its seed, of the neurons' bootstrap, and for words.
    """

    DEFAULT_CSS = """
    ClassPreview {
        width: 40%;
        border-left: vkey $panel-lighten-2;
        padding: 0 1;
        & > Gallery { scrollbar-size-vertical: 0; }
        & > #preview-said { height: auto; }
        & Static { height: auto; }
        & #preview-title { text-style: bold; }
        & #preview-words { display: none; padding-bottom: 1; }
        & #preview-words.-said { display: block; }
        & #preview-kinds { display: none; padding-bottom: 1; }
        & #preview-kinds.-said { display: block; }
        & #preview-neurons { padding-bottom: 1; }
    }
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._seed = workspace.source.seed
        self.words = ClipWords(workspace)
        self._wanted: tuple[FeatureCache, int] | None = None
        self._started: tuple[FeatureCache, int] | None = None
        self._timer: Timer | None = None
        self._kinds = KindsOfClasses(workspace)
        self._load = LatestTask(self, self._summarize, self._show, self._fail)
        self._find = LatestTask(self, self._find_kinds, self._show_kinds, self._fail)

    def compose(self) -> ComposeResult:
        """Return title, words, neurons, pictures."""
        with Vertical(id="preview-said"):
            yield Static("", id="preview-title")
            yield Static("", id="preview-words")
            yield Static("", id="preview-kinds")
            yield Static("", id="preview-neurons")
        gallery = FillingGallery(captions=2)
        gallery.can_focus = False
        yield gallery

    def preview(self, cache: FeatureCache, class_index: int) -> None:
        """Show a class, unless another is wanted soon."""
        self._wanted = (cache, class_index)
        self._later()

    def forget(self) -> None:
        """Compute what is shown anew: there may be words now."""
        self._started = None
        self._kinds.forget()

    def on_show(self) -> None:
        """Catch up: nothing is computed while there is no room."""
        self._later()

    def _later(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self.display and self._wanted != self._started:
            self._timer = self.set_timer(RESTS, while_open(self, self._start))

    def _start(self) -> None:
        if self._wanted is not None:
            self._started = self._wanted
            self._load.start(*self._wanted)

    def _summarize(self, cache: FeatureCache, class_index: int) -> Summary:
        listed = mistakes(cache, class_index)
        ranked = None
        if listed.mistakes:
            ranked = rank_neurons(cache, class_index, by="contrast", top=NEURONS, seed=self._seed)
        words = self.words.of_class(class_index) if listed.mistakes else ()
        return Summary(cache.picture_of, listed, ranked, words)

    def _find_kinds(self, cache: FeatureCache, class_index: int) -> tuple[int, TwoKinds]:
        return class_index, self._kinds.of_class(cache, class_index)

    def _show_kinds(self, found: tuple[int, TwoKinds] | None) -> None:
        """Say what was found in the class that is shown; nothing for None."""
        line = self.query_one("#preview-kinds", Static)
        if found is None or self._started is None or found[0] == self._started[1]:
            line.set_class(found is not None, "-said")
            width = self.query_one("#preview-said").content_size.width
            said = () if found is None else kinds_lines(found[1], width)
            line.update(stacked(said))

    def _show(self, summary: Summary) -> None:
        listed, shown = summary.mistakes, self._started
        known = None if shown is None else self._kinds.known(*shown)
        self._show_kinds(None if shown is None or known is None else (shown[1], known))
        if shown is not None and known is None and listed.mistakes:  # the rest is shown first
            self._find.start(*shown)
        wrong = listed.mistakes
        title = f"{listed.class_.name}: {counted(len(wrong), 'mistake')} of {listed.n:,}"
        self.query_one("#preview-title", Static).update(title)
        words = self.query_one("#preview-words", Static)
        words.set_class(bool(summary.words), "-said")
        words.update(beside(summary.words))
        self.screen.refresh_bindings()
        gallery = self.query_one(Gallery)
        gallery.empty = "no mistakes" if listed.n else "no images of this class"
        gallery.show(len(wrong), lambda i: thumbnail(wrong[i], summary.picture_of))
        gallery.move_to(0)
        self.query_one("#preview-neurons", Static).update(
            "" if summary.neurons is None else side_by_side(summary.neurons)
        )

    def _fail(self, sentence: str) -> None:
        self.query_one("#preview-title", Static).update(f"✗ {sentence}")


def thumbnail(mistake: Mistake, picture_of: PictureFinder) -> Tile:
    """Return a mistake as a tile: the predicted class and its probability."""
    words = (f"→ {mistake.predicted.name}", f"{mistake.p_predicted:.2f}")
    return Tile(picture_of(mistake.path), words)


def side_by_side(neurons: Neurons) -> Columns:
    """Return the first neurons of both lists, side by side."""
    grid = Columns((0, 2, 0, 0), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(Text("too weak", style="bold"), Text("too strong", style="bold"))
    for row in range(NEURONS):
        grid.add_row(_neuron(neurons.insufficient, row), _neuron(neurons.excessive, row))
    return grid


def _neuron(ranked: tuple[RankedNeuron, ...], row: int) -> str:
    if row >= len(ranked):
        return ""
    entry = ranked[row]
    vote = "" if entry.vote is None else f"  vote {entry.vote:.0f}%"
    return f"{entry.neuron:>5}  stable {100 * (entry.stability or 0):3.0f}%{vote}"
