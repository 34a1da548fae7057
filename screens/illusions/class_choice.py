"""A dialog for a class: a line to type its name in, completed as one types."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Input

from screens.guarded import Dialog
from screens.widgets.text import Label


class ClassChoice(Dialog[int | None]):
    """Asks for a class by its name; None if cancelled.

    Args:
        classes: All names.
        likely: Named in the hint: the class's top confusions.
    """

    DEFAULT_CSS = """
    ClassChoice { align: center middle; }
    ClassChoice > Vertical {
        width: 60; max-width: 90%; height: auto; padding: 1 2; background: $panel;
        border: round $text-primary;
    }
    ClassChoice #wrong { color: $text-error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="class.back", tooltip="Cancel")
    ]

    def __init__(self, classes: Sequence[str], likely: Sequence[str]) -> None:
        super().__init__()
        self._names, self._likely = list(classes), list(likely)

    def compose(self) -> ComposeResult:
        """Put the input between a title and a hint."""
        with Vertical():
            yield Label("Draw these neurons for the class")
            yield Input(
                placeholder="class name; → completes it",
                suggester=SuggestFromList([*self._likely, *self._names], case_sensitive=False),
            )
            hint = f"Top confusions: {', '.join(self._likely[:4])}." if self._likely else ""
            yield Label(hint, id="wrong")

    def on_mount(self) -> None:
        """Stop the cursor from blinking where animations are off."""
        if self.app.animation_level == "none":
            self.query_one(Input).cursor_blink = False

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the class of that name, or the only one that begins so."""
        event.stop()
        typed = event.value.strip().casefold()
        names = [name.casefold() for name in self._names]
        matching = [place for place, name in enumerate(names) if name.startswith(typed)]
        if typed in names:
            self.dismiss(names.index(typed))
        elif typed and len(matching) == 1:
            self.dismiss(matching[0])
        else:
            many = f"{len(matching)} classes begin with" if typed and matching else "No class named"
            self.query_one("#wrong", Label).update(f"{many} {event.value!r}.")

    def action_cancel(self) -> None:
        """Keep the class."""
        self.dismiss(None)
