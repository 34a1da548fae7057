"""The mistakes of a class, by predicted class."""

from asyncio import sleep
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from engine.data.stored import PictureFinder
from engine.evaluation.scores import correct_images, mistakes
from engine.evaluation.suspects import with_suspects
from engine.features.cache import FeatureCache
from engine.schema.records import Mistake, Mistakes, Seen
from engine.words.search import image_likeness
from screens import clip_words
from screens.clip_words import ClipWords, Lines, beside
from screens.command import ENDS_HELP, Command, bindings
from screens.ensure_features import FAILED, ensure_features
from screens.file_location import FileLocation
from screens.latest import LatestTask
from screens.messages import Copied, ToKinds, ToMistakes, ToNeurons
from screens.mistakes.found import FoundImages
from screens.mistakes.grouped import SIDE, GroupedImages, facts, tile
from screens.mistakes.selecting import Selecting
from screens.mistakes.zoom import Zoom
from screens.new_grouping import NewGrouping
from screens.ports import Workspace
from screens.search_field import SearchField, TextQuery
from screens.widgets.choice import Choice
from screens.widgets.cursor import RESTS
from screens.widgets.filling import FillingGallery
from screens.widgets.gallery import Gallery, Tile
from screens.widgets.picture import Picture
from screens.widgets.text import Static, Text, stacked
from screens.words import counted


@dataclass(frozen=True)
class Loaded:
    """The images to show; `whole` when the correct predictions are among them."""

    listed: Mistakes
    shown: GroupedImages
    root: str
    picture_of: PictureFinder
    split: str
    whole: bool
    words: Lines
    cache: FeatureCache
    selected: frozenset[str]
    """The images selected by hand, by their paths below the data's root."""


class Pictures(FillingGallery):
    """The images, as large as fills the width; the footer shows what enter does."""

    BINDINGS = [
        Binding("enter", "choose", "Zoom", id="mistakes.zoom", tooltip="Show one image, large")
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Choose only where there is an image."""
        del parameters
        return action != "choose" or self.count > 0


class MistakesScreen(Selecting):
    """The mistakes of a class, by predicted class."""

    NAME = "Mistakes"
    PARTS: ClassVar = {
        "one image": Zoom, "file location": FileLocation, "new grouping": NewGrouping,
        "an option": Choice,
    }  # fmt: skip
    OPENED_BY = ToMistakes
    TABLE = (
        Command("mistakes.zoom", "enter", "zoom", "Zoom", "Show one image, large"),
        Command(
            "mistakes.neurons", "n", "neurons", "Neurons", "Rank the neurons behind all mistakes"
        ),
        Command(
            "mistakes.of_this", "N", "of_this", "This one", "Rank the neurons behind this mistake"
        ),
        Command("mistakes.whole", "t", "whole", "All", "Show or hide the correct predictions"),
        Command(
            "mistakes.search", "slash", "search", "Search", "Order by a text, as CLIP sees", False
        ),
        Command(
            "mistakes.aside",
            "x",
            "aside",
            "Set aside",
            "Let an image count neither as right nor as wrong; again: bring it back",
        ),
        Command(
            "mistakes.select",
            "space",
            "select",
            "Select",
            "Select or deselect the image",
        ),
        Command("mistakes.clear", "u", "clear", "Clear", "Clear the selection", False),
        Command(
            "mistakes.group",
            "g",
            "group",
            "Group",
            "Make a grouping of the selected images, or of the two kinds of images of the class",
        ),
        Command("mistakes.ends", "b", "ends", "Both ends", ENDS_HELP, False),
        clip_words.command("mistakes"),
        Command("mistakes.file", "o", "file", "File", "Show where the file is, and how to copy it"),
        Command("mistakes.path", "c", "path", "Copy path", "Copy the file's path"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    MistakesScreen {
        & Pictures { width: 1fr; scrollbar-gutter: stable; }
        & #instead { width: 1fr; height: 1fr; content-align: center middle; text-align: center; }
        & #words { height: auto; padding: 0 1; display: none; }
        & #words.-said { display: block; }
        & #instead, &.-none Pictures, &.-none #detail { display: none; }
        &.-none #instead { display: block; }
        & #detail {
            width: 40%; min-width: 28; max-width: 72; padding: 0 1;
            border-left: vkey $panel-lighten-2;
        }
        & #detail > Static { height: auto; max-height: 60%; padding-top: 1; }
    }
    """

    def __init__(
        self, workspace: Workspace, class_index: int, predicted: int | None = None
    ) -> None:
        super().__init__(workspace, class_index)
        self._first = predicted
        """Begin at the mistakes predicted as this class."""
        self._loaded: Loaded | None = None
        self._stay: int | None = None
        """Where the cursor stays although its image moves to those set aside."""
        self._words = ClipWords(workspace)
        self._load = LatestTask(self, self._read, self._take, self._fail)

    def body(self) -> ComposeResult:
        """Return the search, the words, the images, and beside them the cursor's."""
        yield SearchField(self.workspace)
        yield Static("", id="words")
        yield Static("loading…", id="instead")
        with Horizontal():
            yield Pictures(captions=2, side=SIDE)
            with Vertical(id="detail"):
                yield Picture(missing="")
                yield Static()

    def command_line(self) -> list[str]:
        """Return `mistakes` of this class."""
        name = self._loaded.listed.class_.name if self._loaded else str(self.class_index)
        return ["mistakes", "--class", name]

    def on_mount(self) -> None:
        """Load them; the first paint does not wait."""
        self.set_breadcrumb("mistakes")
        self.add_class("-none")
        self._load.start(whole=False)

    def _read(self, whole: bool) -> Loaded | None:
        cache = self.workspace.cache()
        if cache is None:
            return None
        listed = with_suspects(mistakes(cache, self.class_index), cache)
        correct = correct_images(cache, self.class_index) if whole else ()
        images = GroupedImages(listed, correct)
        if (query := self.text_query) is not None:
            images = FoundImages(images, query.text, _likeness(cache, query, self.class_index))
        words = self._words.of_class(self.class_index) if listed.mistakes else ()
        return Loaded(
            listed, images, cache.root, cache.picture_of, cache.meta.split, whole, words, cache,
            self.recall(),
        )  # fmt: skip

    def _take(self, loaded: Loaded | None) -> None:
        if loaded is None:
            self._say(ensure_features(self.workspace, self.job_line))
            return
        if self._loaded is None:  # later, what is selected here is the newer
            self.chosen = loaded.selected
        gallery, self._loaded = self.query_one(Pictures), loaded
        listed, shown = loaded.listed, loaded.shown
        self._show_counts(loaded)
        wrong = len(listed.mistakes)
        if not wrong:
            self._say(f"No mistakes in {loaded.split}. t shows all {listed.n:,} images.")
        if not listed.n:
            self._say(f"No images in {loaded.split}.")
        images = shown.images
        gallery.show(
            len(images),
            lambda at: self._tile(images[at]),
            shown.sections,
            shown.keys,
        )
        if self._stay is not None and images:
            gallery.move_to(min(self._stay, len(images) - 1))
        self._stay = None
        if self._first is not None:
            gallery.move_to(shown.first_of(self._first))
            self._first = None
        self.set_class(not images, "-none")
        words = self.query_one("#words", Static)
        words.set_class(bool(loaded.words), "-said")
        words.update(beside(loaded.words))
        if self.ordered_anew():
            gallery.move_to(0)
        if not self.query_one(SearchField).is_open:
            gallery.focus()
        self._show_details()

    def _show_counts(self, loaded: Loaded) -> None:
        listed = loaded.listed
        count = counted(len(listed.mistakes), "mistake")
        count = f"all {listed.n:,}, {count}" if loaded.whole else f"{count} of {listed.n:,}"
        count += f", {len(self.chosen):,} selected" if self.chosen else ""
        doubted = sum(mistake.suspect is not None for mistake in listed.mistakes)
        count += f", {doubted:,} of suspect labels (?)" if doubted else ""
        count += f", {len(listed.set_aside):,} set aside" if listed.set_aside else ""
        self.set_breadcrumb(listed.class_.name, count)

    def _tile(self, image: Seen) -> Tile:
        assert self._loaded is not None
        made = tile(image, self.query_one(Pictures).side, self._loaded.picture_of)
        return replace(made, selected=self.is_selected(image))

    def selection_changed(self) -> None:
        """Mark what is selected, and count it."""
        if self._loaded is not None:
            self._show_counts(self._loaded)
            self.query_one(Pictures).refresh_tiles()
            self.refresh_bindings()

    def order_anew(self) -> None:
        """Order the images by the text, or by predicted class again."""
        if self._loaded is not None:
            self._load.start(whole=self._loaded.whole)

    def focus_found(self) -> None:
        """Go to the images."""
        self.query_one(Pictures).focus()

    def _fail(self, sentence: str) -> None:
        self._loaded = None
        self.add_class("-none")
        self._say(f"✗ {sentence}", "R retries")

    def _say(self, *sentences: str) -> None:
        self.query_one("#instead", Static).update(stacked(sentences))

    def on_job_line_done(self) -> None:
        """Show the mistakes now that the features are there, or the words."""
        self._load.start(whole=self._loaded is not None and self._loaded.whole)

    def on_job_line_failed(self) -> None:
        """Say what can be done where nothing else is shown."""
        if self._loaded is None:
            self._say(FAILED)

    def action_retry(self) -> None:
        """Retry what failed: the job, or loading the mistakes."""
        if self.job_line.error and self.job_line.job is not None:
            super().action_retry()
        elif self._loaded is None:
            self._load.start(whole=False)

    @property
    def opened(self) -> tuple[FeatureCache, Mistakes] | None:
        """What the images are from, once they are there."""
        return (self._loaded.cache, self._loaded.listed) if self._loaded is not None else None

    @property
    def image(self) -> Seen | None:
        """The image under the cursor."""
        place = self.query_one(Pictures).index
        return None if place is None or self._loaded is None else self._loaded.shown.images[place]

    @on(Gallery.Moved)
    def _follow(self) -> None:
        self.refresh_bindings()
        self._show_details_at_rest()

    @work(group="rest", exclusive=True)
    async def _show_details_at_rest(self) -> None:
        await sleep(RESTS)
        if len(self.query("#detail > *")) == 2:  # else it is being closed
            self._show_details()

    def _show_details(self) -> None:
        image, loaded = self.image, self._loaded
        source, lines = None, list[Text]()
        if image is not None and loaded is not None:
            source, lines = loaded.picture_of(image.path), facts(image, loaded.root)
        self.query_one(Picture).show(source)
        self.query_one("#detail > Static", Static).update(stacked(lines))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action in ("zoom", "file", "path", "aside", "select"):
            return self.image is not None
        if action == "clear":
            return bool(self.chosen)
        if action in ("neurons", "group", "ends"):
            return self._loaded is not None and bool(self._loaded.listed.mistakes)
        if action == "of_this":
            return isinstance(self.image, Mistake)
        if action == "words":
            return self._words.missing and not self.job_line.running
        if action == "whole":
            return self._loaded is not None and self._loaded.listed.n > 0
        return super().check_action(action, parameters)

    @on(Gallery.Chosen)
    def action_zoom(self) -> None:
        """Show one image, large."""
        gallery = self.query_one(Pictures)
        if self._loaded is not None and gallery.index is not None:
            loaded = self._loaded
            zoom = Zoom(loaded.shown, gallery.index, loaded.root, loaded.picture_of)
            self.app.push_screen(zoom, self._return_to)

    def _return_to(self, place: int | None) -> None:
        if place is not None:
            self.query_one(Pictures).move_to(place)

    def action_neurons(self) -> None:
        """Rank the neurons behind all mistakes."""
        self.post_message(ToNeurons(self.class_index))

    def action_ends(self) -> None:
        """Show both ends of the class's images along the direction of its mistakes."""
        self.post_message(ToKinds(self.class_index))

    def action_of_this(self) -> None:
        """Rank the neurons behind the cursor's mistake."""
        if self.image is not None:
            self.post_message(ToNeurons(self.class_index, self.image.path))

    def action_whole(self) -> None:
        """Show the correct predictions too, or only the mistakes again."""
        if self._loaded is not None:
            self._load.start(whole=not self._loaded.whole)

    def action_aside(self) -> None:
        """Set the cursor's image aside, or bring it back, and count anew."""
        image, loaded = self.image, self._loaded
        if image is None or loaded is None or self._load.busy:
            return
        if image.path in loaded.shown.aside:
            self.workspace.bring_back(image.path)
            self.notify("Brought back: it counts again.")
        else:
            self._stay = self.query_one(Pictures).index
            self.workspace.set_aside(image.path)
            self.notify("Set aside: not counted. It is now at the end; x on it brings it back.")
        self._load.start(whole=loaded.whole)

    def action_words(self) -> None:
        """Make what CLIP needs to say in words what the mistakes look like."""
        clip_words.ensure_words(self.workspace, self.job_line)

    def action_file(self) -> None:
        """Show where the cursor's file is."""
        if self.image is not None and self._loaded is not None:
            source = self._loaded.picture_of(self.image.path)
            self.app.push_screen(FileLocation(source, self.workspace.home))

    def action_path(self) -> None:
        """Copy the path of the cursor's file."""
        if self.image is not None:
            self.post_message(Copied(self.image.path))


def _likeness(cache: FeatureCache, query: TextQuery, class_index: int) -> dict[str, float]:
    """Return the cosine of every image of a class that has a CLIP feature, by its path."""
    scores = image_likeness(cache, query.features, query.embedding)
    known = np.flatnonzero((cache.own_labels == class_index) & np.isfinite(scores))
    return {cache.path(row): float(scores[row]) for row in known.tolist()}
