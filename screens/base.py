"""What all screens share: a line on top, the keys that work now at the bottom, a way back."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult, RenderResult
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.widget import Widget

from screens.command import Command, bindings
from screens.footer import KeyLine
from screens.guarded import Guarded
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.messages import Copied, LargerPictures, OpenScreen
from screens.ports import Workspace
from screens.shown import command
from screens.widgets.text import Text

COMMON = (
    Command("screen.back", "escape", "back", "Back", "Go back to the previous screen"),
    Command("screen.retry", "R", "retry", "Retry", "Retry the job that failed", show=False),
    Command("screen.copy", "y", "copy", "Copy", "Copy the equivalent command"),
    Command("screen.larger", "plus,greater_than_sign", "larger(1)", "Larger",
            "Show larger pictures (> where + is another key)", show=False),
    Command("screen.smaller", "minus,less_than_sign", "larger(-1)", "Smaller",
            "Show smaller pictures (< where - is another key)", show=False),
)  # fmt: skip


class TopBar(Widget):
    """Where this is, at the left; what the jobs do, at the right. One line."""

    DEFAULT_CSS = """
    TopBar { height: 1; dock: top; background: $panel; color: $foreground; padding: 0 1; }
    """
    breadcrumb: reactive[str] = reactive("")
    status: reactive[str] = reactive("")

    def render(self) -> RenderResult:
        """Draw the line; the status may take half of a narrow one."""
        width = self.size.width
        status = Text(self.status, no_wrap=True)
        left = Text(self.breadcrumb, style="bold", no_wrap=True)
        room = width - min(left.cell_len, width // 2) - 2
        status.truncate(max(0, room), overflow="ellipsis", pad=False)
        left.truncate(max(0, width - status.cell_len - 2), overflow="ellipsis", pad=False)
        gap = max(1, width - left.cell_len - status.cell_len)
        return Text.assemble(left, " " * gap, status, no_wrap=True)


class Base(Guarded[None]):
    """A screen of a workspace.

    Args:
        workspace: The workspace.
    """

    NAME: ClassVar[str] = ""
    """As help and the palette call it."""
    TABLE: ClassVar[tuple[Command, ...]] = ()
    """What it can do, beside `COMMON`; a subclass sets `BINDINGS = bindings(TABLE)` too."""
    PARTS: ClassVar[dict[str, type[DOMNode]]] = {}
    """Its dialogs and own widgets with keys, by the name that the table of keys gives them."""
    OPENED_BY: ClassVar[type[OpenScreen] | None] = None
    """The message that opens it; None: the app opens it by a key."""
    REPLACED_BY: ClassVar[tuple[type[OpenScreen], ...]] = ()
    """Messages whose screens take its place, so that escape does not lead back to it."""
    BINDINGS = bindings(COMMON)
    _load: LatestTask[..., Any]
    """Reads what the screen shows, if it reads anything."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.job_line = JobLine(workspace)
        """The screen's own job, if it has one."""

    def compose(self) -> ComposeResult:
        """Put the body, which takes what height is left, between top line and footer."""
        yield TopBar()
        yield from self.body()
        yield self.job_line
        yield KeyLine()

    def body(self) -> ComposeResult:
        """Return the screen's own widgets."""
        raise NotImplementedError

    @property
    def is_loading(self) -> bool:
        """Whether nothing that keys could act on is shown yet."""
        return hasattr(self, "_load") and not self._load.answered

    def command_line(self) -> Sequence[str]:
        """Return the words, after the program's name, of the command that does the same."""
        return ()

    def set_breadcrumb(self, *steps: str) -> None:
        """Say where this is."""
        self.query_one(TopBar).breadcrumb = " › ".join(steps)

    def action_back(self) -> None:
        """Go back; from the first screen there is nowhere to go."""
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def action_larger(self, steps: int) -> None:
        """Make the pictures of all screens larger, or smaller."""
        self.post_message(LargerPictures(steps))

    def action_retry(self) -> None:
        """Retry the job that failed."""
        self.job_line.retry()

    def action_copy(self) -> None:
        """Copy the equivalent command line."""
        words = self.command_line()
        if words:
            self.post_message(Copied(command_text(words, self.workspace)))


def command_text(words: Sequence[str], workspace: Workspace) -> str:
    """Return a whole command line, quoted for a shell."""
    return command("neuroinspect-tui", *words, "-w", str(workspace.home.resolve()))
