"""One drawing beside what is real: its mask, the images that fire the neuron, the mistakes."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Label, Static

from screens.closeup import Closeup, uses
from screens.illusions.state import Canvas
from screens.latest import Asker
from screens.real_images import RealImages
from screens.widgets.picture import Picture


class Zoom(ModalScreen[int]):
    """One neuron after the other, large; answers with the one left last.

    Args:
        neurons: All that can be gone through.
        neuron: The first to show.
        canvas: What is drawn of a neuron now.
        find: What is real; runs in a thread.
    """

    DEFAULT_CSS = """
    Zoom { background: $background; }
    Zoom .title { width: 1fr; height: 1; background: $panel; padding: 0 1; text-wrap: nowrap;
        text-overflow: ellipsis; }
    Zoom #upper { height: 1fr; }
    Zoom Vertical { width: 1fr; margin-right: 1; }
    Zoom #figures { padding: 0 1; }
    Zoom #uses { padding: 1 1 0 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "leave", "Back"),
        Binding("left,h,k,up", "go(-1)", "Previous neuron", key_display="←"),
        Binding("right,l,j,down", "go(1)", "Next neuron", key_display="→"),
    ]

    def __init__(
        self,
        neurons: Sequence[int],
        neuron: int,
        canvas: Callable[[int], Canvas],
        find: Callable[[int], Closeup | None],
    ) -> None:
        super().__init__()
        self._neurons, self._at = tuple(neurons), list(neurons).index(neuron)
        self._canvas = canvas
        self._asker = Asker(self, find, self._take, lambda sentence: self.notify(sentence))

    @property
    def neuron(self) -> int:
        """The neuron shown."""
        return self._neurons[self._at]

    def compose(self) -> ComposeResult:
        """Put what is drawn above what is real."""
        with Horizontal(id="upper"):
            with Vertical():
                yield Label("drawn", classes="title", id="title-drawn")
                yield Picture(id="drawn", missing="not drawn yet")
            with Vertical():
                yield Label("where it fires in it", classes="title")
                yield Picture(id="mask", missing="when it is finished")
            with Vertical():
                yield Label("", classes="title", id="title-figures")
                yield Static(id="figures")
                yield Static(id="uses")
        yield RealImages(focusable=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the first."""
        self.action_go(0)

    def show_drawing(self) -> None:
        """Show what is drawn by now."""
        canvas = self._canvas(self.neuron)
        self.query_one("#drawn", Picture).show(canvas.picture)
        self.query_one("#mask", Picture).show(canvas.mask)
        place = f"{self._at + 1} of {len(self._neurons)}"
        self.query_one("#title-figures", Label).update(f"neuron {self.neuron}   {place}")
        self.query_one("#figures", Static).update(Text("\n".join((*canvas.figures, *canvas.made))))

    def action_go(self, places: int) -> None:
        """Go to another neuron, round and round."""
        self._at = (self._at + places) % len(self._neurons)
        self.show_drawing()
        self._asker.ask(self.neuron)

    def action_leave(self) -> None:
        """Go back to the gallery."""
        self.dismiss(self.neuron)

    def _take(self, closeup: Closeup | None) -> None:
        if closeup is None or closeup.neuron.neuron != self.neuron:
            return
        neuron = closeup.neuron
        self.query_one(RealImages).show(neuron)
        self.query_one("#uses", Static).update(
            Text(
                f"weight {neuron.weight:+.3f} for {neuron.class_.name}\n"
                f"speaks for {uses(neuron.used_by)}\nagainst {uses(neuron.opposed_by)}"
            )
        )
