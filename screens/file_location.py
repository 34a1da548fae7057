"""Where a file is, and how to copy it to another machine."""

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


class FileLocation(ModalScreen[None]):
    """Shows where a file is, and the scp command that copies it."""

    TABLE: ClassVar = (
        Command("where.path", "c", "copy_path", "Copy path", "Copy the file's path"),
        Command("where.scp", "y", "copy_scp", "Copy scp", "Copy the scp command"),
        Command("where.back", "escape,o", "dismiss", "Back", "Go back to the images"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    FileLocation {
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
        """Return path and command."""
        with Vertical():
            yield Static("File", classes="where--what")
            yield Static(self._path, markup=False)
            yield Static("Copy it to your machine", classes="where--what where--scp")
            yield Static(scp_command(self._path), markup=False)
        yield Footer(show_command_palette=False)

    def action_copy_path(self) -> None:
        """Copy the path."""
        self.post_message(Copied(self._path))

    def action_copy_scp(self) -> None:
        """Copy the scp command."""
        self.post_message(Copied(scp_command(self._path)))


def scp_command(path: str) -> str:
    """Return the scp command that copies a file from this machine to another one."""
    host = socket.gethostname()
    try:
        host = f"{getpass.getuser()}@{host}"
    except (OSError, KeyError):
        pass  # a user without an entry in passwd, as in a container
    return f"scp {shlex.quote(f'{host}:{path}')} ."
