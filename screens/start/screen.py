"""The screen without a workspace: recent ones, the demo, and a form for a new one."""

import asyncio
import contextlib
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from screens.base import TopBar
from screens.command import Command, bindings
from screens.footer import KeyLine
from screens.guarded import Guarded, is_open
from screens.messages import Copied, ToDemo, ToWorkspace
from screens.shown import command
from screens.start.form import Form, init_words
from screens.widgets.table import Column, Table
from screens.widgets.text import Label, Static

FILE = "workspace.toml"
TABLE = (
    Command("start.new", "n", "new", "New", "Fill in the form for a new workspace"),
    Command("start.demo", "d", "demo", "Demo", "Open the demo, which is made first if need be"),
    Command("start.make", "ctrl+s", "make", "Create", "Check the form and create the workspace"),
    Command("start.copy", "y", "copy", "Copy", "Copy the equivalent `init` command"),
    Command("start.back", "escape", "back", "Back", "Leave the form, or go back"),
)


NOTES_SECONDS = 30.0


class Decided(msgspec.Struct):
    """What the app reads of what `init --json` prints."""

    notes: tuple[str, ...] = ()


class StartScreen(Guarded[None]):
    """Chooses or makes a workspace.

    Args:
        program: The words that run this program's commands.
        recent: Workspaces opened before, newest first.
        demo: Where the demo's workspace is, or would be.
        reason: Why this screen is shown, if not by choice.
        directory: The form's first directory.
    """

    NAME: ClassVar[str] = "Start"
    TABLE: ClassVar[tuple[Command, ...]] = TABLE
    BINDINGS = bindings(TABLE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    DEFAULT_CSS = """
    StartScreen #both { height: 1fr; }
    StartScreen.-wide #both { layout: horizontal; }
    StartScreen.-wide #recent { width: 1fr; }
    StartScreen.-wide #new { width: 1fr; height: 1fr; border-left: solid $primary; }
    StartScreen #recent { height: 1fr; }
    StartScreen.-wide Table { height: 16; }
    StartScreen #new { height: auto; }
    StartScreen Label { width: 100%; }
    StartScreen .heading { text-style: bold; padding: 0 1; background: $panel; }
    StartScreen .line { padding: 0 1; color: $text-muted; }
    StartScreen #message { padding: 0 1; height: auto; max-height: 3; display: none; }
    StartScreen #message.-failed { color: $text-error; }
    """

    def __init__(
        self,
        program: Sequence[str],
        recent: Sequence[Path],
        demo: Path,
        reason: str = "",
        directory: str = "",
    ) -> None:
        super().__init__()
        self.program, self.recent, self.demo = program, recent, demo
        self._reason, self._directory = reason, directory
        self._making = False
        self._init: Process | None = None

    def compose(self) -> ComposeResult:
        """Draw the list, the demo's line and the form."""
        yield TopBar()
        with Container(id="both"):
            with Vertical(id="recent"):
                yield Table(
                    Column("recent workspaces", 20, flex=True),
                    empty="None yet. d opens a demo, n creates a workspace.",
                )
                yield Label(self._demo_hint(), classes="line")
                yield Label("! examines this machine, as `doctor` does", classes="line")
            with Vertical(id="new"):
                yield Label("new workspace", classes="heading")
                yield Form(self._directory)
                yield Static(id="message")
        yield KeyLine()

    def _demo_hint(self) -> str:
        if (self.demo / FILE).is_file():
            return f"d opens the demo, {self.demo}"
        return "d makes the demo (`neuroinspect-tui demo`, about 3 minutes) and opens it"

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(TopBar).breadcrumb = "neuroinspect › choose a workspace"
        recent = self.recent
        self.query_one(Table).show(len(recent), lambda i: (str(recent[i]),), recent)
        if self._reason:
            self._say(self._reason)

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """Open a workspace."""
        self.post_message(ToWorkspace(str(message.key)))

    def _say(self, sentence: str, *, failed: bool = False) -> None:
        if not is_open(self):  # left while `init` ran
            return
        message = self.query_one("#message", Static)
        message.update(f"✗ {sentence}" if failed else sentence)
        message.set_class(failed, "-failed")
        message.display = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer `make` in the form, the rest outside."""
        in_form = self.is_mounted and self._in_form
        if action == "make":
            return in_form and not self._making
        return not in_form if action in ("new", "demo", "copy") else True

    @property
    def _in_form(self) -> bool:
        return self.focused is not None and self.focused in self.query("Form Input")

    def on_descendant_focus(self) -> None:
        """Other keys work now."""
        self.refresh_bindings()

    def action_new(self) -> None:
        """Go to the form."""
        self.query_one(Form).begin()

    def action_demo(self) -> None:
        """Open the demo."""
        made = (self.demo / FILE).is_file()
        self.post_message(ToWorkspace(str(self.demo)) if made else ToDemo())

    def action_copy(self) -> None:
        """Copy the `init` command of the form."""
        words = ["neuroinspect-tui", *init_words(self.query_one(Form).values)]
        self.post_message(Copied(command(*words)))

    def action_make(self) -> None:
        """Create the workspace."""
        self.query_one(Form).submit()

    def action_back(self) -> None:
        """Leave the form, or the screen where there is one below."""
        if self._in_form:
            self.query_one(Table).focus()
        elif len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def on_form_filled(self, message: Form.Filled) -> None:
        """Run `init`, in a process of its own: it loads torch."""
        if not self._making:
            self._making = True
            self._say("Starting…")
            self.run_worker(self._make(message.values), exit_on_error=True)

    async def _make(self, values: dict[str, str]) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.program, *init_words(values), "--json",
                stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
                env=os.environ | {"COLUMNS": "1000", "NO_COLOR": "1"},
            )  # fmt: skip
        except OSError as error:
            self._say(f"Cannot start `init`: {error.strerror}.", failed=True)
        else:
            self._init = process
            await self._follow(process, values["directory"])
        finally:
            self._making = False
        self.refresh_bindings()

    async def on_unmount(self) -> None:
        """Stop `init`, and wait for its end: no other process would."""
        self.workers.cancel_node(self)
        if self._init is not None and self._init.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._init.kill()
            await self._init.wait()

    async def _follow(self, process: Process, directory: str) -> None:
        """Show the output of `init`, line by line."""
        last = ""
        assert process.stderr is not None  # a pipe was asked for
        async for line in process.stderr:
            last = line.decode("utf-8", "replace").strip() or last
            self._say(last)
        assert process.stdout is not None
        said = await process.stdout.read()
        if await process.wait():
            self._say(last.removeprefix("neuroinspect-tui: "), failed=True)
            return
        with contextlib.suppress(msgspec.DecodeError):  # the workspace is there all the same
            notes = msgspec.json.decode(said, type=Decided).notes
            self.notify(" · ".join(notes), title="decided", timeout=NOTES_SECONDS)
        self.post_message(ToWorkspace(str(Path(directory).expanduser())))
