"""Which class? A line to type it in, completed as one types."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label


class ClassChoice(ModalScreen[int | None]):
    """Asks for a class by its name; None where it was given up.

    Args:
        classes: All names.
        likely: Named in the hint: what the class is taken for.
    """

    DEFAULT_CSS = """
    ClassChoice { align: center middle; }
    ClassChoice > Vertical {
        width: 60; max-width: 90%; height: auto; padding: 1 2; background: $panel;
        border: round $primary;
    }
    ClassChoice #wrong { color: $text-error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Back")]

    def __init__(self, classes: Sequence[str], likely: Sequence[str]) -> None:
        super().__init__()
        self._names, self._likely = list(classes), list(likely)

    def compose(self) -> ComposeResult:
        """Put a line to type in between a question and a hint."""
        with Vertical():
            yield Label("Draw what these neurons see when the decision is…")
            yield Input(
                placeholder="a class; → completes it",
                suggester=SuggestFromList([*self._likely, *self._names], case_sensitive=False),
            )
            often = f"Taken for it: {', '.join(self._likely[:4])}." if self._likely else ""
            yield Label(often, id="wrong")

    def on_mount(self) -> None:
        """Freeze what would blink where nothing is to move."""
        if self.app.animation_level == "none":
            self.query_one(Input).cursor_blink = False

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with the class named, or begun, if it is one only."""
        event.stop()
        typed = event.value.strip().casefold()
        names = [name.casefold() for name in self._names]
        begun = [place for place, name in enumerate(names) if name.startswith(typed)]
        if typed in names:
            self.dismiss(names.index(typed))
        elif typed and len(begun) == 1:
            self.dismiss(begun[0])
        else:
            many = f"{len(begun)} classes begin so" if typed and begun else "no class is called so"
            self.query_one("#wrong", Label).update(f"{event.value!r}: {many}.")

    def action_give_up(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)
