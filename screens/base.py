"""What all screens share: a trail on top, the keys that work now at the bottom, a way back."""

import shlex
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult, RenderResult
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from engine.schema.errors import EngineError
from screens.command import Command, bindings
from screens.job_line import JobLine
from screens.messages import Copied
from screens.ports import Workspace

COMMON = (
    Command("screen.back", "escape", "back", "Back", "Back to where you came from"),
    Command("screen.retry", "R", "retry", "Retry", "Try again the job that failed", show=False),
    Command("screen.copy", "y", "copy", "Copy", "Copy the command that does the same"),
)

LONG_SECONDS = 10.0
"""How long a sentence that must be read stays."""


class Trail(Widget):
    """Where this is, at the left; what the jobs do, at the right. One line."""

    DEFAULT_CSS = """
    Trail { height: 1; dock: top; background: $panel; color: $foreground; padding: 0 1; }
    """
    trail: reactive[str] = reactive("")
    status: reactive[str] = reactive("")

    def render(self) -> RenderResult:
        """Draw the line; the trail gives way to the status, but not its half of a narrow line."""
        width = self.size.width
        status = Text(self.status, no_wrap=True)
        left = Text(self.trail, style="bold", no_wrap=True)
        room = width - min(left.cell_len, width // 2) - 2
        status.truncate(max(0, room), overflow="ellipsis", pad=False)
        left.truncate(max(0, width - status.cell_len - 2), overflow="ellipsis", pad=False)
        gap = max(1, width - left.cell_len - status.cell_len)
        return Text.assemble(left, " " * gap, status, no_wrap=True)


class Base(Screen[None]):
    """A screen of a workspace.

    Args:
        workspace: The workspace.
    """

    NAME: ClassVar[str] = ""
    """As help and the palette call it."""
    TABLE: ClassVar[tuple[Command, ...]] = ()
    """What it can do, beside `COMMON`; a subclass sets `BINDINGS = bindings(TABLE)` too."""
    BINDINGS = bindings(COMMON)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.job_line = JobLine(workspace)
        """The screen's own job, if it has one."""

    def compose(self) -> ComposeResult:
        """Put the body, which takes what height is left, between trail and footer."""
        yield Trail()
        yield from self.body()
        yield self.job_line
        yield Footer(show_command_palette=False)

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        raise NotImplementedError

    def command_line(self) -> Sequence[str]:
        """Return the words, after the program's name, of the command that does the same."""
        return ()

    def say_where(self, *steps: str) -> None:
        """Set the trail."""
        self.query_one(Trail).trail = " › ".join(steps)

    async def _on_message(self, message: Message) -> None:
        """Say an expected failure of any handler; else it would end the app."""
        try:
            await super()._on_message(message)
        except EngineError as error:
            self.notify(str(error), severity="error", timeout=LONG_SECONDS, markup=False)

    def action_back(self) -> None:
        """Go back; from the first screen there is nowhere to go."""
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def action_retry(self) -> None:
        """Try again the job that failed."""
        self.job_line.retry()

    def action_copy(self) -> None:
        """Copy the equivalent command line."""
        words = self.command_line()
        if words:
            self.post_message(Copied(spoken(words, self.workspace)))


def spoken(words: Sequence[str], workspace: Workspace) -> str:
    """Return a whole command line, quoted for a shell."""
    return shlex.join(["neuroinspect-tui", *words, "-w", str(workspace.home.resolve())])
