"""What a plot is to its screen: lines of text, a cursor in it, and what is at the cursor. Pure."""

from dataclasses import dataclass
from typing import Protocol

from screens.widgets.text import Text

CURSOR = "reverse"


@dataclass(frozen=True)
class Target:
    """What enter opens: a class's mistakes, those first that are predicted as another."""

    class_index: int
    name: str
    mistakes: int
    predicted: int | None = None


class Plot(Protocol):
    """A plot with a cursor."""

    @property
    def title(self) -> str:
        """What is plotted, in a few words."""
        ...

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the command that answers the same."""
        ...

    def lines(self, width: int, height: int) -> list[Text]:
        """Return the plot in at most `width` cells and `height` lines."""
        ...

    def about(self) -> str:
        """Return how to read it."""
        ...

    def at_cursor(self) -> str:
        """Return a sentence on what is at the cursor."""
        ...

    def move(self, across: int, down: int) -> None:
        """Move the cursor by places."""
        ...

    def target(self) -> Target | None:
        """Return what enter opens, if anything."""
        ...
