"""The images that could not be decoded, and why; and those that the model sees otherwise."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Footer

from engine.schema.records import Classes
from screens.command import Command, bindings
from screens.guarded import Dialog
from screens.widgets.table import Column, Table
from screens.widgets.text import Static, stacked
from screens.words import counted, differences


class SkippedImages(Dialog[None]):
    """Lists the skipped images, which no count includes."""

    TABLE: ClassVar = (
        Command("skipped.back", "escape", "dismiss", "Back", "Go back to the classes"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    SkippedImages {
        align: center middle;
        & > Vertical {
            width: 90%; height: 80%; background: $surface; border: round $text-primary;
            padding: 0 1;
        }
        & Static { height: auto; padding-bottom: 1; }
    }
    """

    def __init__(self, scores: Classes) -> None:
        super().__init__()
        self._skipped = scores.skipped
        self._differs = differences(scores.differs)

    def compose(self) -> ComposeResult:
        """Return the list."""
        with Vertical():
            many = counted(len(self._skipped), "image")
            yield Static(f"{many} skipped and in no count. Repair the files to include them.")
            if self._differs:
                yield Static(stacked(self._differs))
            yield Table(Column("image", 20, flex=True), Column("reason", 20, flex=True))
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Fill the list."""
        skipped = self._skipped
        self.query_one(Table).show(len(skipped), lambda i: (skipped[i].path, skipped[i].reason))
