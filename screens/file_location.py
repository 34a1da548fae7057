"""Where a file is, for whoever sits at another machine."""

import getpass
import shlex
import socket
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from screens.command import Command, bindings
from screens.messages import Copied


class Whereabouts(ModalScreen[None]):
    """Says where a file is, and the line that fetches it."""

    TABLE: ClassVar = (
        Command("where.path", "c", "copy_path", "Copy path", "Copy the file's path"),
        Command("where.scp", "y", "copy_scp", "Copy scp line", "Copy the line that fetches it"),
        Command("where.back", "escape,o", "dismiss", "Back", "Back to the pictures"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    Whereabouts {
        align: center middle;
        & > Vertical {
            width: 90%; height: auto; background: $surface; border: round $primary; padding: 0 1;
        }
        & Static { height: auto; }
        & .where--what { color: $text-muted; }
        & .where--scp { padding-top: 1; }
    }
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = str(Path(path).absolute())

    def compose(self) -> ComposeResult:
        """Return the two lines."""
        with Vertical():
            yield Static("the file is", classes="where--what")
            yield Static(self._path, markup=False)
            yield Static("from your machine", classes="where--what where--scp")
            yield Static(fetching(self._path), markup=False)
        yield Footer(show_command_palette=False)

    def action_copy_path(self) -> None:
        """Copy the path."""
        self.post_message(Copied(self._path))

    def action_copy_scp(self) -> None:
        """Copy the line."""
        self.post_message(Copied(fetching(self._path)))


def fetching(path: str) -> str:
    """Return the command that copies a file from this machine to where it is typed."""
    host = socket.gethostname()
    try:
        host = f"{getpass.getuser()}@{host}"
    except (OSError, KeyError):
        pass  # a user without a name, as in a container
    return f"scp {shlex.quote(f'{host}:{path}')} ."
