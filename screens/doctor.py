"""What `doctor` says, in the app: what works on this machine and in the workspace."""

import asyncio
import contextlib
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from screens.base import TopBar
from screens.command import Command, bindings
from screens.footer import KeyLine
from screens.guarded import Guarded, is_open
from screens.messages import Copied
from screens.shown import command
from screens.widgets.text import Columns, Static, Text
from screens.words import counted

SIGNS = {"ok": ("✓", "green"), "warning": ("!", "bold yellow"), "failed": ("✗", "bold red")}
TABLE = (
    Command("doctor.again", "r", "again", "Again", "Examine again"),
    Command("doctor.copy", "y", "copy", "Copy", "Copy the equivalent command"),
    Command("doctor.back", "escape", "back", "Back", "Go back to the previous screen"),
)


class Finding(msgspec.Struct, frozen=True):
    """One line of the report, as `doctor --json` prints it."""

    what: str
    state: Literal["ok", "warning", "failed"]
    found: str


class DoctorScreen(Guarded[None]):
    """Runs `doctor` in a process of its own, which loads torch, and shows its report.

    Args:
        program: The words that run this program's commands.
        home: The workspace; None: the one that `doctor` finds by itself, if there is one.
        here: What the app knows better, by the line of the report: a child has no terminal.
    """

    NAME: ClassVar[str] = "Doctor"
    TABLE: ClassVar[tuple[Command, ...]] = TABLE
    BINDINGS = [
        *bindings(TABLE),
        Binding("down,j", "scroll(1)", "Down", show=False, id="doctor.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="doctor.up"),
    ]
    DEFAULT_CSS = """
    DoctorScreen VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    DoctorScreen Static { height: auto; }
    DoctorScreen #summary { padding-bottom: 1; }
    """

    def __init__(
        self, program: Sequence[str], home: Path | None, here: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self._words = ("doctor", *(() if home is None else ("-w", str(home.resolve()))))
        self._program, self._here = tuple(program), dict(here or {})
        self._process: Process | None = None
        self._examining = False

    def compose(self) -> ComposeResult:
        """Leave room for the report."""
        yield TopBar()
        with VerticalScroll(can_focus=False):
            yield Static(id="summary")
            yield Static(id="report")
        yield KeyLine()

    def on_mount(self) -> None:
        """Examine."""
        self.query_one(TopBar).breadcrumb = "neuroinspect › doctor"
        self.action_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Examine again once it is done."""
        del parameters
        return action != "again" or not self._examining

    def action_again(self) -> None:
        """Examine, unless that goes on already."""
        if not self._examining:
            self._examining = True
            self._say("Examining this machine and the workspace; that loads everything once…")
            self.query_one("#report", Static).update("")
            self.run_worker(self._examine())

    def action_copy(self) -> None:
        """Copy the command that prints the same."""
        self.post_message(Copied(command("neuroinspect-tui", *self._words)))

    def action_back(self) -> None:
        """Go back."""
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    async def _examine(self) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, *self._words, "--json", stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
                env=os.environ | {"COLUMNS": "1000", "NO_COLOR": "1"},
            )  # fmt: skip
        except OSError as error:
            self._end(f"✗ Cannot start `doctor`: {error.strerror}.")
            return
        self._process = process
        printed, told = await process.communicate()
        try:  # it exits with 1 where something failed, and prints its report all the same
            findings = msgspec.json.decode(printed, type=tuple[Finding, ...])
        except msgspec.DecodeError:
            lines = told.decode("utf-8", "replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "it printed nothing")
            self._end(f"✗ `doctor` gave no report: {last.removeprefix('neuroinspect-tui: ')}")
        else:
            self._show([self._known(finding) for finding in findings])

    def _known(self, finding: Finding) -> Finding:
        """Return a line as the app itself knows it, where it does."""
        better = self._here.get(finding.what)
        return finding if better is None else Finding(finding.what, "ok", better)

    def _show(self, findings: Sequence[Finding]) -> None:
        failed = [finding.what for finding in findings if finding.state == "failed"]
        warned = [finding.what for finding in findings if finding.state == "warning"]
        parts = [f"✗ {len(failed)} failed: {', '.join(failed)}." if failed else ""]
        parts += [f"! {counted(len(warned), 'warning')}: {', '.join(warned)}." if warned else ""]
        self._end(" ".join(filter(None, parts)) or "✓ Everything works.")
        if is_open(self):
            self.query_one("#report", Static).update(listed(findings))

    def _end(self, sentence: str) -> None:
        self._examining = False
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        if is_open(self):
            self.query_one("#summary", Static).update(sentence)
            self.refresh_bindings()

    async def on_unmount(self) -> None:
        """Stop `doctor`, and wait for its end: no other process would."""
        self.workers.cancel_node(self)
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


def listed(findings: Sequence[Finding]) -> Columns:
    """Return the report: a sign, what was examined, what was found."""
    table = Columns((0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, max_width=16)
    table.add_column(ratio=1, overflow="fold")
    for finding in findings:
        sign, style = SIGNS[finding.state]
        table.add_row(Text(sign, style=style), Text(finding.what, style="bold"), finding.found)
    return table
