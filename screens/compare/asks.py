"""What Compare asks: where an export goes, and which edit to look at."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from engine.schema.edits import Edit
from screens.compare.words import target
from screens.widgets.table import Column, Table

ENDING = ".safetensors"


class AskPath(ModalScreen[Path | None]):
    """Asks for a file that is not there yet.

    Args:
        suggested: Where it goes unless told otherwise.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="path.back")
    ]
    DEFAULT_CSS = """
    AskPath {
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
        """Put the question over the screen."""
        with Vertical():
            yield Static("Export a whole checkpoint with this edit in it, to")
            yield Input(str(self._suggested), compact=True, select_on_focus=False)
            yield Static(classes="wrong")
            yield Static("enter writes it   esc goes back", classes="keys")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser().absolute()
        wrong = ""
        if path.suffix != ENDING:
            wrong = f"The name must end in {ENDING}."
        elif path.exists():
            wrong = f"{path} is there already; give another name."
        self.query_one(".wrong", Static).update(f"✗ {wrong}" if wrong else "")
        if not wrong:
            self.dismiss(path)


class AskEdit(ModalScreen[str | None]):
    """Lists all edits, newest first.

    Args:
        edits: Oldest first.
        applied: The one that is kept.
        now: The one looked at.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="edits.back")
    ]
    DEFAULT_CSS = """
    AskEdit {
        align: center middle;
        & > Vertical { width: 90%; height: 80%; padding: 1 2; background: $panel; }
        & .keys { color: $text-muted; height: 1; }
    }
    """

    def __init__(self, edits: Sequence[Edit], applied: str | None, now: str) -> None:
        super().__init__()
        self._edits = tuple(reversed(edits))
        self._kept, self._now = applied, now

    def compose(self) -> ComposeResult:
        """Put the table over the screen."""
        with Vertical():
            yield Table(
                Column("", 1), Column("edit", 20, flex=True), Column("class", 8, flex=True),
                Column("class %", 12, "right"), Column("overall %", 12, "right", drop=1),
                empty="No edits yet.",
            )  # fmt: skip
            yield Static("enter opens it   ✓ is kept   esc goes back", classes="keys")

    def on_mount(self) -> None:
        """Fill it."""
        table = self.query_one(Table)
        table.show(len(self._edits), self._row, keys=[some.id for some in self._edits])
        table.move_to_key(self._now)
        table.focus()

    def _row(self, index: int) -> tuple[str, ...]:
        some = self._edits[index]
        before, after = some.before, some.after
        return (
            "✓" if some.id == self._kept else "",
            some.id,
            target(some),
            f"{_points(before.target)} → {_points(after.target)}",
            f"{_points(before.overall)} → {_points(after.overall)}",
        )

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """Answer with it."""
        self.dismiss(message.key)


def _points(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
