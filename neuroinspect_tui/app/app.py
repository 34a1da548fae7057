"""The app: takes screens where they want to go, and watches the jobs.

Only the first screen is imported here: the first paint does not wait for the others (PLC0415).
"""

import asyncio
import importlib
import signal
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import SystemCommand
from textual.message import Message
from textual.screen import ModalScreen, Screen

from engine.schema.errors import EngineError
from engine.schema.jobs import JobView
from engine.schema.requests import EditRequest, FeaturesRequest
from neuroinspect_tui.app import terminal, themes
from neuroinspect_tui.app.actions import APP
from neuroinspect_tui.app.failures import SayingApp
from neuroinspect_tui.app.watch import QUIET, Glance, ending, watch_jobs
from neuroinspect_tui.config import Config, remember_workspace
from screens.base import COMMON, Base, Trail
from screens.classes.screen import ClassesScreen
from screens.command import bindings
from screens.latest import Asker
from screens.messages import (
    Copied,
    ToCompare,
    ToDemo,
    ToEdit,
    ToIllusions,
    ToMistakes,
    ToNeurons,
    ToResult,
    ToWhatIf,
    ToWorkspace,
)
from screens.ports import Workspace
from screens.words import progress

if TYPE_CHECKING:
    from neuroinspect_tui.app.routes import Move

LATER_SECONDS = 0.3
"""After the first paint: when the other screens are imported."""
DEMO = "demo"
"""What the app leaves with when the demo is to be made."""


class Glanced(Message):
    """The jobs were looked at."""

    def __init__(self, glance: Glance) -> None:
        super().__init__()
        self.glance = glance


class NeuroinspectApp(SayingApp):
    """All screens over one workspace. Leaves with `DEMO` when that is to be made first.

    Args:
        config: A person's settings.
        open_workspace: Opens a directory; raises `EngineError` where it is no workspace.
        at: The workspace; without one, the start screen comes first.
        said: Why `at` is no workspace: the start screen says so, and offers to make one there.
    """

    TITLE = "neuroinspect"
    BINDINGS = bindings(APP)
    WATCH_SECONDS = 1.0

    def __init__(
        self,
        config: Config,
        open_workspace: Callable[[Path], Workspace],
        at: Path | None = None,
        said: str = "",
    ) -> None:
        super().__init__()
        self.config = config
        self.active = 0
        """How many jobs waited or ran when last looked at."""
        self.workspace: Workspace | None = None if at is None or said else open_workspace(at)
        self._open_workspace = open_workspace
        self._at, self._said = at, said
        self._line = ""
        self._stop = threading.Event()
        self.set_class(config.slow_link, "-slow-link")
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = themes.chosen_theme(config.theme)
        self.set_keymap(config.keys)

    def on_mount(self) -> None:
        """Show the first screen."""
        if not self.is_headless:  # else the terminal would be left as it is in the app
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        if self.workspace is not None:
            self._enter(self.workspace)
            self.set_timer(LATER_SECONDS, self._import_the_rest)
        else:
            from neuroinspect_tui.app import routes  # noqa: PLC0415

            at = str(self._at or "") if self._said else ""
            self.push_screen(routes.start_screen(self._said, at))
        if self.config.keys:
            from neuroinspect_tui.app import keys  # noqa: PLC0415

            for sentence in keys.complaints(self.config.keys):
                self.warn(sentence)

    def _import_the_rest(self) -> None:
        """So that no key has to wait for it."""
        rest = "neuroinspect_tui.app.routes"
        threading.Thread(target=importlib.import_module, args=(rest,), daemon=True).start()

    def on_unmount(self) -> None:
        """Stop looking."""
        self._stop.set()

    def _enter(self, workspace: Workspace) -> None:
        """Open a workspace in place of the one that was."""
        self._stop.set()
        self._stop = threading.Event()
        self.workspace, self._line, self.active = workspace, "", 0
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(ClassesScreen(workspace))
        remember_workspace(workspace.home)
        watching = (workspace, self.WATCH_SECONDS, self._stop, self._glanced)
        threading.Thread(target=watch_jobs, args=watching, daemon=True).start()

    # where screens want to go

    @on(ToMistakes)
    @on(ToNeurons)
    @on(ToIllusions)
    @on(ToWhatIf)
    @on(ToEdit)
    @on(ToCompare)
    def _go(self, move: "Move") -> None:
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        screen = routes.screen_for(move, self._open)
        if routes.done_with(self.screen, move):
            self.pop_screen()
        self._show(screen)

    def _show(self, screen: Screen[Any]) -> None:
        self.push_screen(screen)
        self.call_after_refresh(self._tell)

    @property
    def _open(self) -> Workspace:
        if self.workspace is None:
            raise EngineError("No workspace is open; choose one first.")
        return self.workspace

    def on_to_workspace(self, move: ToWorkspace) -> None:
        """Open a workspace."""
        self._enter(self._open_workspace(Path(move.home)))

    def on_to_demo(self, move: ToDemo) -> None:
        """Leave, for the demo to be made in the terminal."""
        del move
        self.exit(DEMO)

    def on_to_result(self, move: ToResult) -> None:
        """Go to what a job made or makes."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        job = move.job
        if isinstance(job.request, FeaturesRequest):
            while len(self.screen_stack) > 2:
                self.pop_screen()
        elif isinstance(job.request, EditRequest) and job.state == "done":
            find = partial(routes.edit_made, self._open)
            Asker(self.screen, find, self._go, self.warn).ask(job.id)
        elif (where := routes.result_of(job)) is not None:
            self._go(where)
        else:
            self.notify(f"{job.title}: {progress(job)} · {job.directory}")

    def on_copied(self, copied: Copied) -> None:
        """Put text on the clipboard of whoever looks at the terminal."""
        self.copy_to_clipboard(copied.text)
        self.run_worker(partial(terminal.copy_in_tmux, copied.text), thread=True, group="copy")
        self.notify(f"copied: {copied.text}")

    # keys that work everywhere

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a workspace there are no jobs; over help, only its own keys."""
        del parameters
        if action in ("help", "jobs", "open") and isinstance(self.screen, ModalScreen):
            return False
        return self.workspace is not None if action == "jobs" else True

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        self.push_screen(routes.help_screen(self.screen, self.config.keys))

    def action_jobs(self) -> None:
        """Show the jobs, once."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        if any(map(routes.is_jobs, self.screen_stack)):
            while not routes.is_jobs(self.screen):
                self.pop_screen()
        else:
            self._show(routes.jobs_screen(self._open))

    def action_open(self) -> None:
        """Choose another workspace."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        if not routes.is_start(self.screen):
            self.push_screen(routes.start_screen())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return what the palette lists: all this screen can do now, then the app's."""
        table = getattr(screen, "TABLE", ())
        for command in (*table, *(COMMON if isinstance(screen, Base) else ())):
            if screen.check_action(command.action, ()):
                run = partial(self.run_action, command.action, screen)
                yield SystemCommand(command.title, command.help, run)
        for command in APP:
            if command.id != "app.palette" and self.check_action(command.action, ()):
                yield SystemCommand(
                    command.title, command.help, partial(self.run_action, command.action)
                )
        yield SystemCommand("Theme", "Change the colours for now", self.action_change_theme)

    # the jobs, from wherever one looks

    def _glanced(self, glance: Glance) -> None:
        self.post_message(Glanced(glance))

    def on_glanced(self, message: Glanced) -> None:
        """Tell what the jobs do, and ring for those that ended."""
        self._line, self.active = message.glance.line, message.glance.active
        self._tell()
        for job in message.glance.ended:
            self._ring(job)

    def _tell(self) -> None:
        for screen in self.screen_stack:
            for trail in screen.query(Trail):
                trail.status = self._line

    def _ring(self, job: JobView) -> None:
        if job.state == "done" and job.kind in QUIET:
            return
        words = ending(job)
        if job.state in ("failed", "interrupted"):
            self.warn(words)
        else:
            self.notify(words)
        if job.state != "cancelled" and self._driver is not None:
            self.bell()
            self._driver.write(terminal.notification(self.TITLE, words))
