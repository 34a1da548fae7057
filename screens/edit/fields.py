"""The lines of the edit's form: a choice or a text field, with its title and what is wrong."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from screens.edit.form import Field
from screens.widgets.choice import Choice
from screens.widgets.text import Static


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
        & > Input { width: 24; }
        & > .wrong { width: 1fr; padding-left: 1; color: $text-error; }
    }
    """

    def __init__(self, field: Field, words: Sequence[str]) -> None:
        super().__init__(id=f"line-{field.name}")
        self.field = field
        self.control: Choice | Input = (
            Choice(words, id=field.name)
            if words
            else Input(compact=True, id=field.name, select_on_focus=False)
        )

    def compose(self) -> ComposeResult:
        """Put title, control and error in a line."""
        yield Static(self.field.title, classes="title")
        yield self.control
        yield Static(classes="wrong")

    def show_problem(self, wrong: str) -> None:
        """Say what is wrong, or nothing."""
        self.query_one(".wrong", Static).update(f"✗ {wrong}" if wrong else "")
