"""One of a few options, changed with the arrows."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from screens.widgets.text import Text


class Choice(Widget, can_focus=True):
    """One of a few options: ◀ ratio ▶."""

    DEFAULT_CSS = """
    Choice { height: 1; width: 24; background: $surface; }
    Choice:nocolor:focus { text-style: reverse; }
    Choice:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "Previous", show=False, id="choice.previous",
                tooltip="Take the previous option"),
        Binding("right,l,space,enter", "turn(1)", "Next", show=False, id="choice.next",
                tooltip="Take the next option"),
    ]  # fmt: skip
    value: reactive[str] = reactive("")

    class Changed(Message):
        """Another option was chosen."""

    def __init__(self, words: Sequence[str], *, id: str) -> None:
        super().__init__(id=id)
        self.words = tuple(words)

    def render(self) -> RenderResult:
        """Draw it; the arrows show that it can be changed."""
        at = f"{self.words.index(self.value) + 1}/{len(self.words)}" if self.value else ""
        line = Text(f"◀ {self.value} ▶", no_wrap=True)
        return line.append(at.rjust(max(0, self.size.width - line.cell_len)), "dim")

    def action_turn(self, places: int) -> None:
        """Take the next or the previous option; after the last comes the first."""
        self.value = self.words[(self.words.index(self.value) + places) % len(self.words)]
        self.post_message(self.Changed())
