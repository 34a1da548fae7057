"""Drawings of what activates neurons, given a class; previews are shown while their job runs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from msgspec import structs
from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from engine.schema.errors import EngineError
from engine.schema.records import IllusionStep
from engine.schema.requests import IllusionRequest
from screens.base import Base
from screens.command import Command, bindings
from screens.ensure_features import FAILED, ensure_features
from screens.file_location import scp_command
from screens.guarded import while_open
from screens.illusions.class_choice import ClassChoice
from screens.illusions.grid import DrawingGallery
from screens.illusions.state import (
    EVERY,
    Drawings,
    command_words,
    find_drawings,
    summary,
    with_next,
    with_steps,
)
from screens.illusions.zoom import Zoom
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.messages import Copied, ToEdit, ToIllusions, ToWhatIf
from screens.neuron_details import NeuronDetails, load_details
from screens.ports import Workspace
from screens.real_images import RealImages
from screens.widgets.gallery import Gallery
from screens.widgets.text import Static, stacked

TALL = 40
"""Lines from which on real images are shown below."""


class IllusionsScreen(Base):
    """Drawings of what activates neurons, given a class."""

    NAME = "Illusions"
    PARTS: ClassVar = {"one neuron": Zoom, "class": ClassChoice}
    OPENED_BY = ToIllusions
    TABLE: ClassVar[tuple[Command, ...]] = (
        Command("illusions.zoom", "z", "zoom", "Zoom", "Show one beside real images (enter)"),
        Command("illusions.select", "space", "select", "Select", "Select or deselect this neuron"),
        Command("illusions.more", "+,=", "steps(1)", "Steps", "Draw with twice the steps"),
        Command(
            "illusions.fewer", "-", "steps(-1)", "Fewer", "Draw with half the steps", show=False
        ),
        Command("illusions.seed", "d", "seed(1)", "Seed", "Draw with the next seed", show=False),
        Command(
            "illusions.unseed",
            "D",
            "seed(-1)",
            "Last seed",
            "Draw with the previous seed",
            show=False,
        ),
        Command(
            "illusions.class", "c", "choose_class", "Class", "Draw for another class", show=False
        ),
        Command("illusions.guide", "C", "guide", "CLIP", "Draw with or without CLIP", show=False),
        Command(
            "illusions.parameterization",
            "p",
            "other('parameterization')",
            "Picture",
            "Draw phases alone, or free spectra as published",
            show=False,
        ),
        Command(
            "illusions.objective",
            "O",
            "other('objective')",
            "Objective",
            "Put the neuron first, or multiply by CLIP as published",
            show=False,
        ),
        Command("illusions.cancel", "x", "cancel", "Cancel", "Cancel the drawing"),
        Command(
            "illusions.where", "o", "where", "File", "Show where the picture file is", show=False
        ),
        Command("illusions.whatif", "w", "whatif", "What-if", "Preview ablating them"),
        Command("illusions.edit", "e", "edit", "Edit", "Edit with them", show=False),
    )
    BINDINGS = bindings(TABLE)
    CSS = """
    IllusionsScreen #summary { height: 1; padding: 0 1; text-wrap: nowrap; }
    IllusionsScreen #summary { text-overflow: ellipsis; }
    IllusionsScreen #where { height: auto; padding: 0 1; background: $panel; display: none; }
    IllusionsScreen #instead { height: 1fr; content-align: center middle; padding: 0 4; }
    IllusionsScreen #instead { display: none; }
    IllusionsScreen.-instead #instead { display: block; }
    IllusionsScreen.-instead #summary, IllusionsScreen.-instead DrawingGallery { display: none; }
    IllusionsScreen RealImages { display: none; height: 2fr; }
    IllusionsScreen DrawingGallery { height: 3fr; }
    IllusionsScreen.-tall RealImages { display: block; }
    IllusionsScreen.-instead RealImages { display: none; }
    """
    REST = 0.6
    """Seconds without a change before a job is submitted."""

    def __init__(self, workspace: Workspace, class_index: int, neurons: tuple[int, ...]) -> None:
        super().__init__(workspace)
        self.class_index, self.neurons = class_index, neurons
        self._request = IllusionRequest(class_index=class_index, neurons=neurons, every=EVERY)
        self._drawings: Drawings | None = None
        self._submitted: set[IllusionRequest] = set()
        self._rest: Timer | None = None
        self._load = LatestTask(self, self._find, self._show, self._say_instead)
        self._load_details = LatestTask(self, self._details, self._show_details, self._warn)

    def body(self) -> ComposeResult:
        """Put a gallery below a line that says what is drawn."""
        yield Static(id="summary")
        yield DrawingGallery()
        yield RealImages(focusable=False)
        yield Static(id="where")
        yield Static(id="instead")

    def on_mount(self) -> None:
        """Look for drawings and jobs that are there already."""
        self._say_instead("loading…")
        self._load.start(self._request, adopt=True)

    def on_screen_resume(self) -> None:
        """Show what was selected on other screens."""
        if self._drawings is not None:
            self._reload()

    def _find(self, request: IllusionRequest, adopt: bool) -> Drawings | None:
        cache = self.workspace.cache()
        if cache is None:
            return None
        return find_drawings(self.workspace, cache, self.class_index, request, adopt)

    def _reload(self) -> None:
        self._load.start(self._request, adopt=False)

    def _show(self, drawings: Drawings | None) -> None:
        if drawings is None:
            return self._say_instead(ensure_features(self.workspace, self.job_line))
        first, self._drawings, self._request = self._drawings is None, drawings, drawings.request
        self.remove_class("-instead")
        aim = "drawn" if drawings.drawn_for == drawings.owner else f"drawn for {drawings.drawn_for}"
        self.set_breadcrumb(drawings.owner, aim, f"{len(drawings.request.neurons)} neurons")
        self.query_one("#summary", Static).update(summary(drawings, self.workspace.source.clip))
        self._refresh()
        if first:
            self.query_one(DrawingGallery).focus()
        return self._draw_missing(drawings)

    def _draw_missing(self, drawings: Drawings) -> None:
        if self._rest is not None:
            self._rest.stop()
        if drawings.missing and drawings.job is not None and drawings.job != self.job_line.job:
            self.job_line.track(drawings.job)
        elif drawings.missing and drawings.job is None and not self.job_line.error:
            begin = while_open(self, lambda: self._begin(drawings))
            self._rest = self.set_timer(self.REST, begin)
        self.refresh_bindings()

    def _begin(self, drawings: Drawings) -> None:
        """Draw what is missing, once: what fails is not submitted again."""
        request = structs.replace(drawings.request, neurons=drawings.missing)
        if request not in self._submitted and not self.job_line.running:
            self._submitted.add(request)
            self.job_line.submit(request)
            self._refresh()

    def _say_instead(self, sentence: str) -> None:
        if self._drawings is None:
            self.set_breadcrumb(f"class {self.class_index}", "drawn")
        self.add_class("-instead")
        self.query_one("#instead", Static).update(sentence)
        self.refresh_bindings()

    def _warn(self, sentence: str) -> None:
        self.notify(sentence, severity="warning")

    @on(DrawingGallery.Updated)
    def _refresh(self) -> None:
        if self._drawings is not None:
            stopped = bool(self.job_line.error)
            self.query_one(DrawingGallery).update_drawings(self._drawings, stopped)
        if isinstance(self.app.screen, Zoom):
            self.app.screen.show_drawing()
        self.refresh_bindings()

    def _details(self, neuron: int) -> NeuronDetails | None:
        cache = self.workspace.cache()
        return load_details(self.workspace, cache, self.class_index, neuron) if cache else None

    def on_resize(self) -> None:
        """Show real images below the drawings, where there is room."""
        self.set_class(self.size.height >= TALL, "-tall")
        self._look()

    def _look(self) -> None:
        neuron = self.query_one(DrawingGallery).key
        if neuron is not None and self.has_class("-tall"):
            self._load_details.start(neuron)

    def _show_details(self, details: NeuronDetails | None) -> None:
        if details is not None and details.neuron.neuron == self.query_one(DrawingGallery).key:
            self.query_one(RealImages).show(details.neuron, details.picture_of)

    # what the job reports

    def on_job_line_reported(self, message: JobLine.Reported) -> None:
        """Show previews; with a new batch, the pictures of the last one may be finished."""
        mine, step = message.job == self.job_line.job, message.record
        if mine and isinstance(step, IllusionStep) and self.query_one(DrawingGallery).take(step):
            self._reload()

    def on_job_line_done(self) -> None:
        """Show what is finished, and draw what is missing."""
        self._load.start(self._request, adopt=self._drawings is None)

    def on_job_line_failed(self) -> None:
        """Show what there is."""
        if self._drawings is None:
            self._say_instead(FAILED)
        else:
            self._reload()

    # keys

    def command_line(self) -> Sequence[str]:
        """Return the `illusion` that draws the same."""
        return command_words(self._drawings) if self._drawings is not None else ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        own = {command.action.partition("(")[0] for command in self.TABLE}
        if action == "cancel":
            return self.job_line.running
        if action == "guide" and not self.workspace.source.has_clip:
            return False
        return action not in own or not self.has_class("-instead")

    def _draw_other(self, request: IllusionRequest) -> None:
        """Draw something else; a running job goes on in the background."""
        self._request = request
        self.query_one(DrawingGallery).clear_progress()
        self.job_line.forget()
        self._reload()

    def action_steps(self, places: int) -> None:
        """Draw with twice the steps, or half of them."""
        self._draw_other(with_steps(self._request, places))

    def action_seed(self, places: int) -> None:
        """Draw with another seed."""
        self._draw_other(structs.replace(self._request, seed=max(0, self._request.seed + places)))

    def action_guide(self) -> None:
        """Draw without CLIP, or with it."""
        self._draw_other(structs.replace(self._request, use_clip=not self._request.use_clip))

    def action_other(self, what: str) -> None:
        """Draw with the next parameterization or objective."""
        self._draw_other(with_next(self._request, what))

    def action_choose_class(self) -> None:
        """Ask for another class to draw for."""
        if self._drawings is not None:
            self.app.push_screen(
                ClassChoice(self._drawings.classes, self._drawings.confusions), self._take_class
            )

    def _take_class(self, class_index: int | None) -> None:
        if class_index is not None:
            self._draw_other(structs.replace(self._request, class_index=class_index))

    def action_cancel(self) -> None:
        """Cancel the drawing."""
        self.job_line.cancel()

    @on(Gallery.Chosen)
    def action_zoom(self) -> None:
        """Show the cursor's drawing large, beside real images."""
        neuron = self.query_one(DrawingGallery).key
        if neuron is not None:
            drawing = self.query_one(DrawingGallery).drawing
            zoom = Zoom(self._request.neurons, neuron, drawing, self._details)
            self.app.push_screen(zoom, self._return_to)

    def _return_to(self, neuron: int | None) -> None:
        if neuron is not None:
            self.query_one(DrawingGallery).move_to_key(neuron)

    def action_select(self) -> None:
        """Select or deselect the cursor's neuron."""
        neuron = self.query_one(DrawingGallery).key
        if self._drawings is None or neuron is None:
            return
        selected = tuple(j for j in self._drawings.selected if j != neuron)
        selected = selected if neuron in self._drawings.selected else (*selected, neuron)
        try:
            self.workspace.select(self.class_index, selected)
        except EngineError as error:
            self._warn(str(error))
        self._drawings = replace(self._drawings, selected=selected)
        self._refresh()
        self._reload()

    def action_where(self) -> None:
        """Show where the picture is, and copy the scp command for it."""
        neuron = self.query_one(DrawingGallery).key
        path = (
            self.query_one(DrawingGallery).drawing(neuron).picture if neuron is not None else None
        )
        if path is None:
            return self._warn("This neuron has no picture yet.")
        command = scp_command(str(path.resolve()))
        where = self.query_one("#where", Static)
        where.display = True
        where.update(stacked((str(path.resolve()), command)))
        self.post_message(Copied(command))
        return None

    @on(Gallery.Moved)
    def _moved(self) -> None:
        self.query_one("#where", Static).display = False
        self._look()

    def action_whatif(self) -> None:
        """Preview ablating the selected ones, or all of these."""
        self.post_message(ToWhatIf(self.class_index, self._chosen()))

    def action_edit(self) -> None:
        """Edit with the selected ones, or all of these."""
        self.post_message(ToEdit(self.class_index, self._chosen()))

    def _chosen(self) -> tuple[int, ...]:
        selected = self._drawings.selected if self._drawings is not None else ()
        return selected or self._request.neurons
