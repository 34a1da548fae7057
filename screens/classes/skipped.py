"""The images that could not be read, and why."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from engine.schema.records import Skipped
from screens.command import Command, bindings
from screens.widgets.table import Column, Table
from screens.words import counted


class LeftOut(ModalScreen[None]):
    """Lists the images left out of every count."""

    TABLE: ClassVar = (
        Command("left_out.back", "escape", "dismiss", "Back", "Back to the classes"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    LeftOut {
        align: center middle;
        & > Vertical {
            width: 90%; height: 80%; background: $surface; border: round $primary; padding: 0 1;
        }
        & Static { height: auto; padding-bottom: 1; }
    }
    """

    def __init__(self, skipped: Sequence[Skipped]) -> None:
        super().__init__()
        self._skipped = skipped

    def compose(self) -> ComposeResult:
        """Return the list."""
        with Vertical():
            many = counted(len(self._skipped), "image")
            yield Static(f"{many} left out of every count; mend the files to count them.")
            yield Table(Column("image", 20, flex=True), Column("why", 20, flex=True))
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Fill the list."""
        skipped = self._skipped
        self.query_one(Table).show(len(skipped), lambda i: (skipped[i].path, skipped[i].reason))
