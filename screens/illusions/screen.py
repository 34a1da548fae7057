"""What neurons see, given a class: drawings that sharpen while their job runs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from msgspec import structs
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Static

from engine.schema.errors import EngineError
from engine.schema.records import IllusionStep
from engine.schema.requests import IllusionRequest
from screens.base import Base
from screens.closeup import Closeup, look_closely
from screens.command import Command, bindings
from screens.ensure_features import fill_cache
from screens.file_location import fetching
from screens.illusions.class_choice import ClassChoice
from screens.illusions.grid import Hanging
from screens.illusions.state import EVERY, Wall, look, spoken_of, told, with_steps
from screens.illusions.zoom import Zoom
from screens.job_line import JobLine
from screens.latest import Asker
from screens.messages import Copied, ToEdit, ToWhatIf
from screens.ports import Workspace
from screens.real_images import RealImages
from screens.widgets.gallery import Gallery

TALL = 40
"""Lines from which on real images are shown below."""


class IllusionsScreen(Base):
    """What neurons see, given a class."""

    NAME = "Illusions"
    TABLE: ClassVar[tuple[Command, ...]] = (
        Command("illusions.zoom", "z", "zoom", "Zoom", "One beside real images (enter)"),
        Command("illusions.tick", "space", "select", "Tick", "Tick this neuron, or untick it"),
        Command("illusions.more", "+,=", "steps(1)", "Steps", "Draw with twice the steps"),
        Command("illusions.fewer", "-", "steps(-1)", "Fewer", "Half the steps", show=False),
        Command("illusions.seed", "d", "seed(1)", "Seed", "Draw from another start", show=False),
        Command("illusions.unseed", "D", "seed(-1)", "Last seed", "The one before", show=False),
        Command(
            "illusions.class", "c", "choose_class", "Class", "Draw for another class", show=False
        ),
        Command("illusions.guide", "C", "guide", "CLIP", "Without CLIP, or with", show=False),
        Command("illusions.cancel", "x", "cancel", "Cancel", "Stop drawing for good"),
        Command("illusions.where", "o", "where", "File", "Where the picture is", show=False),
        Command("illusions.whatif", "w", "whatif", "What-if", "Try scaling them"),
        Command("illusions.edit", "e", "edit", "Edit", "Edit with them", show=False),
    )
    BINDINGS = bindings(TABLE)
    CSS = """
    IllusionsScreen #told { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    IllusionsScreen #where { height: auto; padding: 0 1; background: $panel; display: none; }
    IllusionsScreen #instead { height: 1fr; content-align: center middle; padding: 0 4; }
    IllusionsScreen #instead { display: none; }
    IllusionsScreen.-instead #instead { display: block; }
    IllusionsScreen.-instead #told, IllusionsScreen.-instead Hanging { display: none; }
    IllusionsScreen RealImages { display: none; height: 2fr; }
    IllusionsScreen Hanging { height: 3fr; }
    IllusionsScreen.-tall RealImages { display: block; }
    IllusionsScreen.-instead RealImages { display: none; }
    """
    REST = 0.6
    """Seconds a wish stands before its job begins."""

    def __init__(self, workspace: Workspace, class_index: int, neurons: tuple[int, ...]) -> None:
        super().__init__(workspace)
        self.class_index, self.neurons = class_index, neurons
        self._wish = IllusionRequest(class_index=class_index, neurons=neurons, every=EVERY)
        self._wall: Wall | None = None
        self._tried: set[IllusionRequest] = set()
        self._rest: Timer | None = None
        self._asker = Asker(self, self._find, self._show, self._say_instead)
        self._looking = Asker(self, self._closeup, self._show_closely, self._warn)

    def body(self) -> ComposeResult:
        """Put a gallery below a line that tells what is drawn."""
        yield Static(id="told")
        yield Hanging()
        yield RealImages(focusable=False)
        yield Static(id="where")
        yield Static(id="instead")

    def on_mount(self) -> None:
        """Look for what is drawn, or being drawn, already."""
        self._say_instead("reading…")
        self._asker.ask(self._wish, adopt=True)

    def on_screen_resume(self) -> None:
        """Take over what was ticked elsewhere."""
        if self._wall is not None:
            self._ask()

    def _find(self, wish: IllusionRequest, adopt: bool) -> Wall | None:
        cache = self.workspace.cache()
        return look(self.workspace, cache, self.class_index, wish, adopt) if cache else None

    def _ask(self) -> None:
        self._asker.ask(self._wish, adopt=False)

    def _show(self, wall: Wall | None) -> None:
        if wall is None:
            return self._say_instead(fill_cache(self.workspace, self.job_line))
        first, self._wall, self._wish = self._wall is None, wall, wall.wish
        self.remove_class("-instead")
        aim = "drawn" if wall.drawn_for == wall.owner else f"drawn for {wall.drawn_for}"
        self.say_where(wall.owner, aim, f"{len(wall.wish.neurons)} neurons")
        self.query_one("#told", Static).update(told(wall, self.workspace.source.clip))
        self._refresh()
        if first:
            self.query_one(Hanging).focus()
        return self._draw_missing(wall)

    def _draw_missing(self, wall: Wall) -> None:
        if self._rest is not None:
            self._rest.stop()
        if wall.missing and wall.job is not None and wall.job != self.job_line.job:
            self.job_line.track(wall.job)
        elif wall.missing and wall.job is None and not self.job_line.error:
            self._rest = self.set_timer(self.REST, lambda: self._begin(wall))
        self.refresh_bindings()

    def _begin(self, wall: Wall) -> None:
        """Start drawing what is missing, once: what does not come is not asked for again."""
        request = structs.replace(wall.wish, neurons=wall.missing)
        if request not in self._tried and not self.job_line.running:
            self._tried.add(request)
            self.job_line.submit(request)
            self._refresh()

    def _say_instead(self, sentence: str) -> None:
        if self._wall is None:
            self.say_where(f"class {self.class_index}", "drawn")
        self.add_class("-instead")
        self.query_one("#instead", Static).update(sentence)
        self.refresh_bindings()

    def _warn(self, sentence: str) -> None:
        self.notify(sentence, severity="warning")

    @on(Hanging.Sharpened)
    def _refresh(self) -> None:
        if self._wall is not None:
            self.query_one(Hanging).hang(self._wall, stopped=bool(self.job_line.error))
        if isinstance(self.app.screen, Zoom):
            self.app.screen.show_drawing()
        self.refresh_bindings()

    def _closeup(self, neuron: int) -> Closeup | None:
        cache = self.workspace.cache()
        return look_closely(self.workspace, cache, self.class_index, neuron) if cache else None

    def on_resize(self) -> None:
        """Show what is real below what is drawn, where there is room."""
        self.set_class(self.size.height >= TALL, "-tall")
        self._look()

    def _look(self) -> None:
        neuron = self.query_one(Hanging).key
        if neuron is not None and self.has_class("-tall"):
            self._looking.ask(neuron)

    def _show_closely(self, closeup: Closeup | None) -> None:
        if closeup is not None and closeup.neuron.neuron == self.query_one(Hanging).key:
            self.query_one(RealImages).show(closeup.neuron)

    # what the job tells

    def on_job_line_said(self, message: JobLine.Said) -> None:
        """Show previews; with a new batch, the last one's pictures may be finished."""
        mine, step = message.job == self.job_line.job, message.record
        if mine and isinstance(step, IllusionStep) and self.query_one(Hanging).take(step):
            self._ask()

    def on_job_line_done(self) -> None:
        """Show what is finished, and go on with what is missing."""
        self._asker.ask(self._wish, adopt=self._wall is None)

    def on_job_line_failed(self) -> None:
        """Show how far it came."""
        if self._wall is None:
            self._say_instead("The images were not looked at; R tries again, escape goes back.")
        else:
            self._ask()

    # keys

    def command_line(self) -> Sequence[str]:
        """Return the `illusion` that draws the same."""
        return spoken_of(self._wall) if self._wall is not None else ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        own = {command.action.partition("(")[0] for command in self.TABLE}
        if action == "cancel":
            return self.job_line.running
        if action == "guide" and not self.workspace.source.has_clip:
            return False
        return action not in own or not self.has_class("-instead")

    def _wish_for(self, wish: IllusionRequest) -> None:
        """Draw something else; a job under way goes on unseen."""
        self._wish = wish
        self.query_one(Hanging).clear_easel()
        self.job_line.forget()
        self._ask()

    def action_steps(self, places: int) -> None:
        """Draw with twice the steps, or half of them."""
        self._wish_for(with_steps(self._wish, places))

    def action_seed(self, places: int) -> None:
        """Draw from another start."""
        self._wish_for(structs.replace(self._wish, seed=max(0, self._wish.seed + places)))

    def action_guide(self) -> None:
        """Draw without CLIP, or with it."""
        self._wish_for(structs.replace(self._wish, use_clip=not self._wish.use_clip))

    def action_choose_class(self) -> None:
        """Ask for another class to draw for."""
        if self._wall is not None:
            self.app.push_screen(
                ClassChoice(self._wall.classes, self._wall.taken_for), self._take_class
            )

    def _take_class(self, class_index: int | None) -> None:
        if class_index is not None:
            self._wish_for(structs.replace(self._wish, class_index=class_index))

    def action_cancel(self) -> None:
        """Stop drawing for good."""
        self.job_line.cancel()

    @on(Gallery.Chosen)
    def action_zoom(self) -> None:
        """Show the cursor's drawing large, beside what is real."""
        neuron = self.query_one(Hanging).key
        if neuron is not None:
            zoom = Zoom(self._wish.neurons, neuron, self.query_one(Hanging).canvas, self._closeup)
            self.app.push_screen(zoom, self._return_to)

    def _return_to(self, neuron: int | None) -> None:
        if neuron is not None:
            self.query_one(Hanging).move_to_key(neuron)

    def action_select(self) -> None:
        """Tick the cursor's neuron, or untick it."""
        neuron = self.query_one(Hanging).key
        if self._wall is None or neuron is None:
            return
        selected = tuple(j for j in self._wall.selected if j != neuron)
        selected = selected if neuron in self._wall.selected else (*selected, neuron)
        try:
            self.workspace.select(self.class_index, selected)
        except EngineError as error:
            self._warn(str(error))
        self._wall = replace(self._wall, selected=selected)
        self._refresh()
        self._ask()

    def action_where(self) -> None:
        """Tell where the picture is, and how to fetch it; the latter is copied too."""
        neuron = self.query_one(Hanging).key
        path = self.query_one(Hanging).canvas(neuron).picture if neuron is not None else None
        if path is None:
            return self._warn("There is no picture of this one yet.")
        fetch = fetching(str(path.resolve()))
        where = self.query_one("#where", Static)
        where.display = True
        where.update(Text(f"{path.resolve()}\n{fetch}"))
        self.post_message(Copied(fetch))
        return None

    @on(Gallery.Moved)
    def _moved(self) -> None:
        self.query_one("#where", Static).display = False
        self._look()

    def action_whatif(self) -> None:
        """Try scaling the ticked of them, or all."""
        self.post_message(ToWhatIf(self.class_index, self._meant()))

    def action_edit(self) -> None:
        """Edit with the ticked, or all of these."""
        self.post_message(ToEdit(self.class_index, self._meant()))

    def _meant(self) -> tuple[int, ...]:
        selected = self._wall.selected if self._wall is not None else ()
        return selected or self._wish.neurons
