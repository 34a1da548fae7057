"""The dialogs of Compare: where an export goes, and which edit to show."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from engine.schema.edits import Edit
from screens.compare.words import target
from screens.guarded import Dialog
from screens.widgets.table import Column, Table
from screens.widgets.text import Static

ENDING = ".safetensors"


class ExportDialog(Dialog[Path | None]):
    """Asks for a file that does not exist yet.

    Args:
        suggested: The default.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="export.back", tooltip="Cancel the export")
    ]
    DEFAULT_CSS = """
    ExportDialog {
        align: center middle;
        & > Vertical { width: 90%; max-width: 110; height: auto; padding: 1 2; background: $panel; }
        & .wrong { color: $text-error; height: auto; }
        & .keys { color: $text-muted; }
    }
    """

    def __init__(self, suggested: Path) -> None:
        super().__init__()
        self._suggested = suggested

    def compose(self) -> ComposeResult:
        """Put the dialog over the screen."""
        with Vertical():
            yield Static("Write a whole checkpoint with this edit to")
            yield Input(str(self._suggested), compact=True, select_on_focus=False)
            yield Static(classes="wrong")
            yield Static("enter: write   esc: back", classes="keys")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser().absolute()
        wrong = ""
        if path.suffix != ENDING:
            wrong = f"The name must end in {ENDING}."
        elif path.exists():
            wrong = f"{path} exists already; give another name."
        self.query_one(".wrong", Static).update(f"✗ {wrong}" if wrong else "")
        if not wrong:
            self.dismiss(path)


class EditList(Dialog[Edit | None]):
    """Lists all edits, newest first; closed, it returns the chosen one.

    Args:
        edits: Oldest first.
        applied: The id of the applied one.
        shown: The id of the one shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="edits.back", tooltip="Go back to the edit")
    ]
    DEFAULT_CSS = """
    EditList {
        align: center middle;
        & > Vertical { width: 90%; height: 80%; padding: 1 2; background: $panel; }
        & .keys { color: $text-muted; height: 1; }
    }
    """

    def __init__(self, edits: Sequence[Edit], applied: str | None, shown: str) -> None:
        super().__init__()
        self._edits = tuple(reversed(edits))
        self._applied, self._initial = applied, shown

    def compose(self) -> ComposeResult:
        """Put the table over the screen."""
        with Vertical():
            yield Table(
                Column("", 1), Column("edit", 20, flex=True), Column("class", 8, flex=True),
                Column("class %", 12, "right"), Column("overall %", 12, "right", drop=1),
                empty="No edits yet.",
            )  # fmt: skip
            yield Static("enter: open   ✓ applied   esc: back", classes="keys")

    def on_mount(self) -> None:
        """Fill it."""
        table = self.query_one(Table)
        table.show(len(self._edits), self._row, keys=[edit.id for edit in self._edits])
        table.move_to_key(self._initial)
        table.focus()

    def _row(self, index: int) -> tuple[str, ...]:
        edit = self._edits[index]
        before, after = edit.before, edit.after
        return (
            "✓" if edit.id == self._applied else "",
            edit.id,
            target(edit),
            f"{_points(before.target)} → {_points(after.target)}",
            f"{_points(before.overall)} → {_points(after.overall)}",
        )

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """Return it."""
        self.dismiss(self._edits[message.index])


def _points(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
