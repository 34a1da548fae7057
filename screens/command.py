"""One table for keys, palette and help."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

ENDS_HELP = "Sort the class's images along its mistakes' direction, and cut them in two"
"""Of a key on two screens."""


@dataclass(frozen=True)
class Command:
    """An action of a screen: its key, footer entry, palette entry and line of help."""

    id: str
    """`screen.verb`: the name by which config.toml gives it another key."""
    key: str
    action: str
    title: str
    """One or two words."""
    help: str
    """One line."""
    show: bool = True
    """Whether the footer has it."""
    always: bool = False
    """Whether it works in dialogs and fields too."""

    def binding(self) -> Binding:
        """Return it as Textual's binding."""
        return Binding(
            self.key, self.action, self.title, show=self.show, id=self.id, tooltip=self.help,
            priority=self.always,
        )  # fmt: skip


def bindings(table: Iterable[Command]) -> list[BindingType]:
    """Return a table as a screen's BINDINGS."""
    return [command.binding() for command in table]
