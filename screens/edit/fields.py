"""The lines of the edit's form: a choice or a text field, with its title and what is wrong."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from screens.edit.form import Field
from screens.widgets.choice import Choice
from screens.widgets.text import Static


class Entry(Input):
    """Text; keys that it does not take are left to the screen.

    Args:
        allowed: The characters it takes; empty: all.
        id: Its id.
    """

    def __init__(self, allowed: str, *, id: str) -> None:
        super().__init__(compact=True, id=id, select_on_focus=False)
        self.allowed = allowed

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Tell which keys it takes."""
        return self._takes(character) and super().check_consume_key(key, character)

    def _takes(self, character: str | None) -> bool:
        return not self.allowed or (character is not None and character in self.allowed)

    def on_key(self, event: events.Key) -> None:
        """Leave other keys to the screen: Input's own handler would swallow them."""
        if event.is_printable and not self._takes(event.character):
            event.prevent_default()


class Line(Horizontal):
    """A field with its title, and what is wrong with it.

    Args:
        field: The field.
        words: The options of a choice.
    """

    DEFAULT_CSS = """
    Line {
        height: 1;
        & > .title { width: 12; padding-left: 1; }
        & > Entry { width: 24; }
        & > .wrong { width: 1fr; padding-left: 1; color: $text-error; }
    }
    """

    def __init__(self, field: Field, words: Sequence[str]) -> None:
        super().__init__(id=f"line-{field.name}")
        self.field = field
        self.control: Choice | Entry = (
            Choice(words, id=field.name) if words else Entry(field.allowed, id=field.name)
        )

    def compose(self) -> ComposeResult:
        """Put title, control and error in a line."""
        yield Static(self.field.title, classes="title")
        yield self.control
        yield Static(classes="wrong")

    def show_problem(self, wrong: str) -> None:
        """Say what is wrong, or nothing."""
        self.query_one(".wrong", Static).update(f"✗ {wrong}" if wrong else "")
