"""One drawing with its mask, beside real images: the neuron's top ones and the mistakes."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer

from screens.guarded import Dialog
from screens.illusions.state import Drawing
from screens.latest import LatestTask
from screens.neuron_details import NeuronDetails, weights
from screens.real_images import RealImages
from screens.widgets.picture import Picture
from screens.widgets.text import Label, Static, stacked


class Zoom(Dialog[int]):
    """One neuron after the other, large; closed, it returns the last one.

    Args:
        neurons: All that can be gone through.
        neuron: The first to show.
        drawing: Returns a neuron's drawing as it is now.
        find: Returns a neuron's details; runs in a thread.
    """

    DEFAULT_CSS = """
    Zoom { background: $background; }
    Zoom .title { width: 1fr; height: 1; background: $panel; padding: 0 1; text-wrap: nowrap;
        text-overflow: ellipsis; }
    Zoom #upper { height: 1fr; }
    Zoom Vertical { width: 1fr; margin-right: 1; }
    Zoom #figures { padding: 0 1; }
    Zoom #weights { padding: 1 1 0 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "leave", "Back", id="drawing.back",
                tooltip="Go back to the gallery"),
        Binding("left,h,k,up", "go(-1)", "Previous neuron", key_display="←",
                id="drawing.previous", tooltip="Show the previous neuron"),
        Binding("right,l,j,down", "go(1)", "Next neuron", key_display="→",
                id="drawing.next", tooltip="Show the next neuron"),
    ]  # fmt: skip

    def __init__(
        self,
        neurons: Sequence[int],
        neuron: int,
        drawing: Callable[[int], Drawing],
        find: Callable[[int], NeuronDetails | None],
    ) -> None:
        super().__init__()
        self._neurons, self._at = tuple(neurons), list(neurons).index(neuron)
        self._drawing = drawing
        self._load = LatestTask(self, find, self._take, lambda sentence: self.notify(sentence))

    @property
    def neuron(self) -> int:
        """The neuron shown."""
        return self._neurons[self._at]

    def compose(self) -> ComposeResult:
        """Put the drawing above real images."""
        with Horizontal(id="upper"):
            with Vertical():
                yield Label("drawn", classes="title", id="title-drawn")
                yield Picture(id="drawn", missing="not drawn yet")
            with Vertical():
                yield Label("where it activates", classes="title")
                yield Picture(id="mask", missing="shown when finished")
            with Vertical():
                yield Label("", classes="title", id="title-figures")
                yield Static(id="figures")
                yield Static(id="weights")
        yield RealImages(focusable=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the first."""
        self.action_go(0)

    def show_drawing(self) -> None:
        """Show the drawing as it is now."""
        drawing = self._drawing(self.neuron)
        self.query_one("#drawn", Picture).show(drawing.picture)
        self.query_one("#mask", Picture).show(drawing.mask)
        place = f"{self._at + 1} of {len(self._neurons)}"
        self.query_one("#title-figures", Label).update(f"neuron {self.neuron}   {place}")
        self.query_one("#figures", Static).update(stacked((*drawing.figures, *drawing.made)))

    def action_go(self, places: int) -> None:
        """Show another neuron; after the last comes the first."""
        self._at = (self._at + places) % len(self._neurons)
        self.show_drawing()
        self._load.start(self.neuron)

    def action_leave(self) -> None:
        """Go back to the gallery."""
        self.dismiss(self.neuron)

    def _take(self, details: NeuronDetails | None) -> None:
        if details is None or details.neuron.neuron != self.neuron:
            return
        neuron = details.neuron
        self.query_one(RealImages).show(neuron, details.picture_of)
        self.query_one("#weights", Static).update(
            stacked(
                (
                    f"weight {neuron.weight:+.3f} for {neuron.class_.name}",
                    f"positive weight: {weights(neuron.used_by)}",
                    f"negative weight: {weights(neuron.opposed_by)}",
                )
            )
        )
