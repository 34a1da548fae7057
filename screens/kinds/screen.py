"""Both ends of the images of a class along a direction; the cursor cuts them in two."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult

from engine.grouping.sides import Side
from engine.schema.errors import RequestError
from screens.base import Base
from screens.clip_words import ClipWords
from screens.command import Command, bindings
from screens.ensure_features import FAILED, ensure_features
from screens.grouping_sources import Made, free_name
from screens.guarded import LONG_SECONDS
from screens.kinds.source import FromCut, Sorted, sort_images
from screens.latest import LatestTask
from screens.messages import ToKinds
from screens.new_grouping import NewGrouping
from screens.ports import Workspace
from screens.widgets.choice import Choice
from screens.widgets.gallery import Gallery, Tile
from screens.widgets.text import Columns, Static, Text, stacked
from screens.words import LOOKS_LIKE, OTHERS_LIKE, counted, percent, points

CUT = "▶ the cursor is the last image before the cut"


@dataclass(frozen=True)
class Loaded:
    """What is shown, and what both ends look like in words, where that is known."""

    images: Sorted
    words: tuple[str, str]


class KindsScreen(Base):
    """The images of a class in the order of a direction, and how accuracy differs at a cut."""

    NAME = "Both ends"
    OPENED_BY = ToKinds
    PARTS = {"new grouping": NewGrouping, "an option": Choice}
    TABLE = (
        Command("kinds.group", "g", "group", "Group", "Make a grouping with the cut at the cursor"),
        Command("kinds.found", "c", "found", "Cut found", "Go back to the cut that was found"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    KindsScreen {
        & #ends, & #sides { height: auto; padding: 0 1; }
        & #sides { text-style: bold; background: $panel; }
        & #instead { width: 1fr; height: 1fr; content-align: center middle; text-align: center; }
        & #instead { padding: 0 4; }
        & #instead, &.-none Gallery, &.-none #ends, &.-none #sides { display: none; }
        &.-none #instead { display: block; }
    }
    """

    def __init__(
        self, workspace: Workspace, class_index: int, neurons: tuple[int, ...] = ()
    ) -> None:
        super().__init__(workspace)
        self.class_index, self.neurons = class_index, neurons
        self._loaded: Loaded | None = None
        self._words = ClipWords(workspace)
        self._load = LatestTask(self, self._read, self._take, self._fail)

    def body(self) -> ComposeResult:
        """Return words for both ends, both sides' accuracies, and the images."""
        yield Static("", id="ends")
        yield Static("", id="sides")
        yield Static("loading…", id="instead")
        yield Gallery(captions=1)

    def command_line(self) -> list[str]:
        """Return `groups make` by the same direction, which cuts by itself."""
        name = self._loaded.images.name if self._loaded else str(self.class_index)
        by = [word for neuron in self.neurons for word in ("--neuron", str(neuron))]
        made = free_name(self.workspace.home, "kinds")
        return ["groups", "make", made, "--class", name, *by]

    def on_mount(self) -> None:
        """Sort the images; the first paint does not wait."""
        self.set_breadcrumb("both ends")
        self.add_class("-none")
        self._load.start()

    def _read(self) -> Loaded | None:
        images = sort_images(self.workspace, self.class_index, self.neurons)
        if images is None:
            return None
        lines = dict(self._words.of_class(self.class_index)) if not self.neurons else {}
        return Loaded(images, (lines.get(LOOKS_LIKE, ""), lines.get(OTHERS_LIKE, "")))

    def _take(self, loaded: Loaded | None) -> None:
        if loaded is None:
            self._say(ensure_features(self.workspace, self.job_line))
            return
        self._loaded = loaded
        images = loaded.images
        self.set_breadcrumb(images.name, "both ends", f"{self._by}, {images.where}")
        self.query_one("#ends", Static).update(self._ends(loaded))
        gallery = self.query_one(Gallery)
        rows = images.ends.rows
        gallery.show(len(rows), self._tile, keys=[int(row) for row in rows])
        self.remove_class("-none")
        gallery.focus()
        self.action_found()
        self._show_sides()

    @property
    def _by(self) -> str:
        if self.neurons:
            return f"by {'neuron' if len(self.neurons) == 1 else 'neurons'} " + ", ".join(
                map(str, self.neurons)
            )
        return "by the direction of its mistakes"

    def _ends(self, loaded: Loaded) -> Columns:
        grid = Columns((0, 1), expand=True)
        grid.add_column(ratio=1)
        grid.add_column(ratio=1, justify="right")
        values = loaded.images.ends.found.values
        first, second = (
            Text(value, "bold") + Text(f": {words}" if words else "", "not bold")
            for value, words in zip(values, loaded.words, strict=True)
        )
        grid.add_row(Text("first  ", "dim") + first, second + Text("  last", "dim"))
        return grid

    def _tile(self, index: int) -> Tile:
        assert self._loaded is not None
        images = self._loaded.images
        cache, row = images.cache, int(images.ends.rows[index])
        path = cache.path(row)
        if images.ends.right[index]:
            said = "✓"
        else:
            doubt = "? " if path in images.suspect else ""
            said = f"{doubt}→ {cache.classes[int(cache.predicted[row])]}"
        return Tile(cache.picture_of(path), (said,))

    @on(Gallery.Moved)
    def _show_sides(self) -> None:
        """Say how many images are before the cut and after it, and how many of them are right."""
        at = self.query_one(Gallery).index
        if self._loaded is None or at is None:
            return
        first, second = self._loaded.images.ends.sides(at)
        gap = "" if None in (first.accuracy, second.accuracy) else (
            f"   gap {points(abs((second.accuracy or 0) - (first.accuracy or 0)))[1:]} points"
        )  # fmt: skip
        found = "   the cut that was found" if at == self._loaded.images.ends.last else ""
        line = f"{_side(first)}  |  {_side(second)}{gap}{found}"
        self.query_one("#sides", Static).update(stacked([line, Text(CUT, "dim not bold")]))
        self.refresh_bindings()

    def _fail(self, sentence: str) -> None:
        self._loaded = None
        self.add_class("-none")
        self._say(f"✗ {sentence}")

    def _say(self, sentence: str) -> None:
        self.query_one("#instead", Static).update(sentence)

    def on_job_line_done(self) -> None:
        """Sort the images now that the features are there."""
        self._load.start()

    def on_job_line_failed(self) -> None:
        """Say what can be done."""
        if self._loaded is None:
            self._say(FAILED)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action in ("group", "found"):
            return self._loaded is not None
        return super().check_action(action, parameters)

    def action_found(self) -> None:
        """Go back to the cut that was found."""
        if self._loaded is not None:
            self.query_one(Gallery).move_to(self._loaded.images.ends.last)

    def action_group(self) -> None:
        """Make a grouping with the cut at the cursor."""
        at = self.query_one(Gallery).index
        if self._loaded is None or at is None:
            return
        images = self._loaded.images
        try:
            found = images.ends.cut_after(at)
        except RequestError as error:
            self.notify(str(error), severity="warning", timeout=LONG_SECONDS, markup=False)
            return
        counts = (at + 1, len(images.ends.rows) - at - 1)
        source = FromCut(self.workspace, found, images, self.neurons, counts)
        self.app.push_screen(NewGrouping(self.workspace, source), self._made)

    def _made(self, made: Made | None) -> None:
        if made is not None:
            sentence = f"{made.sentence} u in Classes shows it."
            self.notify(sentence, timeout=LONG_SECONDS, markup=False)


def _side(side: Side) -> str:
    return f"{counted(side.images, 'image')} {percent(side.accuracy, 0)} right"
