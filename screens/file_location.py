"""Where an image is, and how to copy it to another machine."""

import getpass
import socket
import tempfile
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Footer

from engine.data.stored import PictureSource, StoredImage, write_out
from engine.schema.errors import StorageError
from screens.command import Command, bindings
from screens.guarded import Dialog
from screens.latest import LatestTask
from screens.messages import Copied
from screens.shown import quoted
from screens.widgets.text import Static

FOLDER = "images"
"""Of the workspace: where images that are no files of their own are written out to."""


class FileLocation(Dialog[None]):
    """Shows where a file is, and the scp command that copies it.

    An image inside another file is written out first, when it is asked for.

    Args:
        source: The image.
        home: The workspace.
    """

    TABLE: ClassVar = (
        Command("where.write", "w", "write", "Write out", "Write the image to a file of its own"),
        Command("where.path", "c", "copy_path", "Copy path", "Copy the file's path"),
        Command("where.scp", "y", "copy_scp", "Copy scp", "Copy the scp command"),
        Command("where.back", "escape,o", "dismiss", "Back", "Go back to the images"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    FileLocation {
        align: center middle;
        & > Vertical {
            width: 90%; height: auto; background: $surface; border: round $text-primary;
            padding: 0 1;
        }
        & Static { height: auto; }
        & .where--what { color: $text-muted; }
        & .where--scp { padding-top: 1; }
    }
    """

    def __init__(self, source: PictureSource, home: Path) -> None:
        super().__init__()
        self._source, self._folder = source, home / FOLDER
        self._file = source.absolute() if isinstance(source, Path) else None
        self._write = LatestTask(self, _write_out, self._written, self._fail)

    def compose(self) -> ComposeResult:
        """Leave room for path and command."""
        with Vertical():
            yield Static(id="what", classes="where--what")
            yield Static(id="path")
            yield Static(id="how", classes="where--what where--scp")
            yield Static(id="scp")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show where it is."""
        self._show()

    def _show(self) -> None:
        lines = {"what": "File", "path": self._path, "how": "Copy it to your machine"}
        if self._file is None:
            lines["what"] = "Inside a file"
            lines["how"] = f"w writes it out to {self._folder.absolute()}"
        lines["scp"] = "" if self._file is None else scp_command(self._path)
        for part, line in lines.items():
            self.query_one(f"#{part}", Static).update(line)
        self.refresh_bindings()

    @property
    def _path(self) -> str:
        """Of the file that can be copied; before there is one, the image's own."""
        if self._file is None and isinstance(self._source, StoredImage):
            return self._source.uri
        return str(self._file)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the scp command of a file, and to write out what is none."""
        del parameters
        if action == "write":
            return self._file is None
        return action != "copy_scp" or self._file is not None

    def action_write(self) -> None:
        """Write the image to a file of its own."""
        if isinstance(self._source, StoredImage):
            self._write.start(self._source, self._folder)

    def _written(self, file: Path) -> None:
        self._file = file.absolute()
        self._show()

    def _fail(self, sentence: str) -> None:
        self.query_one("#how", Static).update(f"✗ {sentence}")

    def action_copy_path(self) -> None:
        """Copy the path."""
        self.post_message(Copied(self._path))

    def action_copy_scp(self) -> None:
        """Copy the scp command."""
        self.post_message(Copied(scp_command(self._path)))


def _write_out(image: StoredImage, folder: Path) -> Path:
    try:
        return write_out(image, folder)
    except StorageError:  # another user's workspace, or a full disk
        return write_out(image, Path(tempfile.mkdtemp(prefix="neuroinspect-tui-")))


def scp_command(path: str) -> str:
    """Return the scp command that copies a file from this machine to another one."""
    host = socket.gethostname()
    try:
        host = f"{getpass.getuser()}@{host}"
    except (OSError, KeyError):
        pass  # a user without an entry in passwd, as in a container
    return f"scp {quoted(f'{host}:{path}')} ."
