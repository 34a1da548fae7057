"""The lines of the edit's form: a choice turned with the arrows, and text that keeps no key."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from screens.edit.form import Field


class Choice(Widget, can_focus=True):
    """One of a few words: ◀ ratio ▶."""

    DEFAULT_CSS = """
    Choice { height: 1; width: 24; background: $surface; }
    Choice:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "Before", show=False, id="choice.before"),
        Binding("right,l,space,enter", "turn(1)", "Next", show=False, id="choice.next"),
    ]
    value: reactive[str] = reactive("")

    class Turned(Message):
        """Another word was chosen."""

    def __init__(self, words: Sequence[str], *, id: str) -> None:
        super().__init__(id=id)
        self.words = tuple(words)

    def render(self) -> RenderResult:
        """Draw it; the arrows tell that it can be turned."""
        at = f"{self.words.index(self.value) + 1}/{len(self.words)}" if self.value else ""
        line = Text(f"◀ {self.value} ▶", no_wrap=True)
        return line.append(at.rjust(max(0, self.size.width - line.cell_len)), "dim")

    def action_turn(self, places: int) -> None:
        """Take the next or the one before, round and round."""
        self.value = self.words[(self.words.index(self.value) + places) % len(self.words)]
        self.post_message(self.Turned())


class Entry(Input):
    """Text; keys it has no use for are left to the screen.

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

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and not self._takes(event.character):
            event.prevent_default()  # Input's own handler would swallow it
            return
        await super()._on_key(event)
        event.prevent_default()


class Line(Horizontal):
    """A field with its title, and what is wrong with it.

    Args:
        field: What it is.
        words: What may be chosen, of a choice.
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
        """Put title, control and complaint in a line."""
        yield Static(self.field.title, classes="title")
        yield self.control
        yield Static(classes="wrong", markup=False)

    def complain(self, wrong: str) -> None:
        """Say what is wrong, or nothing."""
        self.query_one(".wrong", Static).update(f"✗ {wrong}" if wrong else "")
