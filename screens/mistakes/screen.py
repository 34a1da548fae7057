"""The mistakes of a class, by what they were taken for."""

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from engine.evaluation.scores import correct_images, mistakes
from engine.schema.records import Mistake, Mistakes, Seen
from screens.base import Base
from screens.command import Command, bindings
from screens.file_location import Whereabouts
from screens.latest import Asker
from screens.messages import Copied, ToNeurons
from screens.mistakes.listed import SIDE, Sorted, facts, tile
from screens.mistakes.one_image import Zoom
from screens.ports import Workspace
from screens.widgets.gallery import Gallery
from screens.widgets.picture import Picture
from screens.words import counted

UNREAD = "The images are not read yet; go back to the classes, which reads them."


@dataclass(frozen=True)
class Answer:
    """The images to show; `whole` when the right ones are among them."""

    listed: Mistakes
    shown: Sorted
    root: str
    split: str
    whole: bool


class Pictures(Gallery):
    """The images, as large as fills the width; the footer says where enter leads."""

    BINDINGS = [Binding("enter", "choose", "Zoom", id="mistakes.zoom", tooltip="One image, large")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Choose only where there is something."""
        del parameters
        return action != "choose" or self.count > 0

    def on_resize(self) -> None:
        """Share the width among as many pictures as there is room for."""
        width = self.scrollable_content_region.width - 1
        self.side = max(SIDE, width // max(1, width // (SIDE + 1)) - 1)
        super().on_resize()


class MistakesScreen(Base):
    """The mistakes of a class, by what they were taken for."""

    NAME = "Mistakes"
    TABLE = (
        Command("mistakes.zoom", "enter", "zoom", "Zoom", "One image, large"),
        Command("mistakes.neurons", "n", "neurons", "Neurons", "The neurons to blame for all"),
        Command("mistakes.of_this", "N", "of_this", "Of this one", "The neurons of this one only"),
        Command("mistakes.whole", "t", "whole", "Whole class", "Its right ones too, and back"),
        Command("mistakes.file", "o", "file", "File", "Where the file is, and how to fetch it"),
        Command("mistakes.path", "c", "path", "Copy path", "Copy the file's path"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    MistakesScreen {
        & Pictures { width: 1fr; scrollbar-gutter: stable; }
        & #instead { width: 1fr; height: 1fr; content-align: center middle; text-align: center; }
        & #instead, &.-none Pictures, &.-none #detail { display: none; }
        &.-none #instead { display: block; }
        & #detail {
            width: 40%; min-width: 28; max-width: 72; padding: 0 1;
            border-left: vkey $panel-lighten-2;
        }
        & #detail > Static { height: auto; max-height: 60%; padding-top: 1; }
    }
    """

    def __init__(self, workspace: Workspace, class_index: int) -> None:
        super().__init__(workspace)
        self.class_index = class_index
        self._answer: Answer | None = None
        self._asker = Asker(self, self._look, self._take, self._fail)

    def body(self) -> ComposeResult:
        """Return the pictures, and beside them the cursor's."""
        yield Static("reading…", id="instead", markup=False)
        with Horizontal():
            yield Pictures(captions=2, side=SIDE)
            with Vertical(id="detail"):
                yield Picture(missing="")
                yield Static()

    def command_line(self) -> list[str]:
        """Return `mistakes` of this class."""
        name = self._answer.listed.class_.name if self._answer else str(self.class_index)
        return ["mistakes", "--class", name]

    def on_mount(self) -> None:
        """Ask; the first paint does not wait."""
        self.say_where("mistakes")
        self.add_class("-none")
        self._asker.ask(whole=False)

    def _look(self, whole: bool) -> Answer | None:
        cache = self.workspace.cache()
        if cache is None:
            return None
        listed = mistakes(cache, self.class_index)
        right = correct_images(cache, self.class_index) if whole else ()
        return Answer(listed, Sorted(listed, right), cache.root, cache.meta.split, whole)

    def _take(self, answer: Answer | None) -> None:
        if answer is None:
            self._fail(UNREAD)
            return
        gallery, self._answer = self.query_one(Pictures), answer
        listed, shown = answer.listed, answer.shown
        wrong = len(listed.mistakes)
        said = f"mistakes {wrong:,} of {listed.n:,}"
        if answer.whole:
            said = f"all {listed.n:,}, {counted(wrong, 'mistake')}"
        self.say_where(listed.class_.name, said)
        if not wrong:
            self._say(f"no mistakes in {answer.split}; t shows all {listed.n:,} of its images")
        if not listed.n:
            self._say(f"no images in {answer.split}")
        images = shown.images
        gallery.show(
            len(images), lambda at: tile(images[at], gallery.side), shown.sections, shown.keys
        )
        self.set_class(not images, "-none")
        gallery.focus()
        self._look_closer()

    def _fail(self, sentence: str) -> None:
        self._answer = None
        self.add_class("-none")
        self._say(f"✗ {sentence}\nR tries again")

    def _say(self, sentence: str) -> None:
        self.query_one("#instead", Static).update(sentence)

    def action_retry(self) -> None:
        """Ask again what could not be answered."""
        if self._answer is None:
            self._asker.ask(whole=False)

    @property
    def _image(self) -> Seen | None:
        place = self.query_one(Pictures).index
        return None if place is None or self._answer is None else self._answer.shown.images[place]

    @on(Gallery.Moved)
    def _look_closer(self) -> None:
        image = self._image
        self.query_one(Picture).show(Path(image.path) if image else None)
        known = facts(image, self._answer.root) if image and self._answer else []
        self.query_one("#detail > Static", Static).update(Text("\n").join(known))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action in ("zoom", "file", "path"):
            return self._image is not None
        if action == "neurons":
            return self._answer is not None and bool(self._answer.listed.mistakes)
        if action == "of_this":
            return isinstance(self._image, Mistake)
        if action == "whole":
            return self._answer is not None and self._answer.listed.n > 0
        return super().check_action(action, parameters)

    @on(Gallery.Chosen)
    def action_zoom(self) -> None:
        """Show one image, large."""
        gallery = self.query_one(Pictures)
        if self._answer is not None and gallery.index is not None:
            zoom = Zoom(self._answer.shown, gallery.index, self._answer.root)
            self.app.push_screen(zoom, self._return_to)

    def _return_to(self, place: int | None) -> None:
        if place is not None:
            self.query_one(Pictures).move_to(place)

    def action_neurons(self) -> None:
        """Rank the neurons to blame for all mistakes."""
        self.post_message(ToNeurons(self.class_index))

    def action_of_this(self) -> None:
        """Rank the neurons to blame for the cursor's mistake."""
        if self._image is not None:
            self.post_message(ToNeurons(self.class_index, self._image.path))

    def action_whole(self) -> None:
        """Show the right ones too, or only the mistakes again."""
        if self._answer is not None:
            self._asker.ask(whole=not self._answer.whole)

    def action_file(self) -> None:
        """Say where the cursor's file is."""
        if self._image is not None:
            self.app.push_screen(Whereabouts(self._image.path))

    def action_path(self) -> None:
        """Copy the path of the cursor's file."""
        if self._image is not None:
            self.post_message(Copied(self._image.path))
