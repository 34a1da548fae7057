"""Where no workspace is open: the recent ones, the demo, and a form for a new one."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from screens.command import Command, bindings
from screens.moves import ToWorkspace
from screens.widgets.table import Column, Table


class StartScreen(Screen[None]):
    """Chooses a workspace.

    Args:
        recent: Workspaces opened before, newest first.
    """

    NAME: ClassVar[str] = "Start"
    TABLE: ClassVar[tuple[Command, ...]] = ()
    BINDINGS = bindings(TABLE)

    def __init__(self, recent: Sequence[Path]) -> None:
        super().__init__()
        self.recent = recent

    def compose(self) -> ComposeResult:
        """Draw the list."""
        yield Table(Column("workspace", 20, flex=True))
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(Table).show(len(self.recent), lambda i: (str(self.recent[i]),), self.recent)

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """Open a workspace."""
        self.post_message(ToWorkspace(str(message.key)))
