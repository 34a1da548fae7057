"""The app: opens the screens that messages ask for, and watches the jobs.

Only the first screen is imported here: the first paint does not wait for the others (PLC0415).
"""

import importlib
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from textual import on
from textual.app import SystemCommand
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import ModalScreen, Screen

from engine.schema.errors import EngineError
from engine.schema.jobs import JobView
from engine.schema.requests import EditRequest, FeaturesRequest
from neuroinspect_tui.app import terminal, themes
from neuroinspect_tui.app.actions import APP
from neuroinspect_tui.app.errors import reports_errors
from neuroinspect_tui.app.guard import Guard
from neuroinspect_tui.app.painting import PaintingApp
from neuroinspect_tui.app.probe import NO_ANSWERS, Answers, understood_here
from neuroinspect_tui.app.sigterm import leave_on_sigterm
from neuroinspect_tui.app.watch import QUIET, JobsSnapshot, ending, watch_jobs
from neuroinspect_tui.config import Config, remember_workspace
from screens.base import TopBar
from screens.classes.screen import ClassesScreen
from screens.command import bindings
from screens.guarded import LONG_SECONDS
from screens.latest import LatestTask
from screens.messages import Copied, OpenScreen, ToDemo, ToResult, ToWorkspace
from screens.ports import Workspace
from screens.shown import pasteable
from screens.widgets.previews import ANYWHERE
from screens.words import progress

LATER_SECONDS = 0.3
"""After the first paint: when the other screens are imported."""
DEMO = "demo"
"""What the app returns when the demo is to be made."""


READ_ONLY = "{home} is read-only for you: nothing that you do is kept in it."


class JobsPolled(Message):
    """The jobs were read again."""

    def __init__(self, snapshot: JobsSnapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class NeuroinspectApp(PaintingApp):
    """All screens over one workspace. Returns `DEMO` when that is to be made first.

    Args:
        config: A person's settings.
        open_workspace: Opens a directory; raises `EngineError` where it is no workspace.
        at: The workspace; without one, the start screen comes first.
        reason: Why `at` is no workspace: the start screen shows it, and offers to create one there.
        answers: What the terminal answered; None: it was not asked, and pictures are half blocks.
    """

    TITLE = "neuroinspect"
    BINDINGS = bindings(APP)
    WATCH_SECONDS = 1.0

    def __init__(
        self,
        config: Config,
        open_workspace: Callable[[Path], Workspace],
        at: Path | None = None,
        reason: str = "",
        answers: Answers | None = None,
    ) -> None:
        seen = ANYWHERE if answers is None else understood_here(answers.text)
        super().__init__(config.pictures, seen, answers or NO_ANSWERS, slow_link=config.slow_link)
        self.config, self.uses_mouse = config, config.mouse
        self.active = 0
        """How many jobs waited or ran when last read."""
        self.workspace: Workspace | None = None if at is None or reason else open_workspace(at)
        self._open_workspace = open_workspace
        self._at, self._reason = at, reason
        self._line = ""
        self._guard = Guard()
        self._stop = threading.Event()
        self.set_class(config.slow_link, "-slow-link")
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = themes.chosen_theme(config.theme)
        self.keys = self._read_keys()
        self.set_keymap(self.keys)

    def watch_theme(self) -> None:
        """Draw what is green or red in the theme's own colours for it."""
        if not self.native_ansi_color:
            colors = themes.named_colors(self.get_css_variables())
            self.ansi_theme_dark = self.ansi_theme_light = colors

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Let nothing that is drawn be obeyed by the terminal."""
        return (*super().get_line_filters(), self._guard)

    def on_mount(self) -> None:
        """Show the first screen."""
        self.watch_theme()
        self._shown_before = warnings.showwarning
        warnings.showwarning = self._show_warning  # stderr is the screen's own
        if not self.is_headless:  # else the terminal would be left as it is in the app
            leave_on_sigterm(self.exit)
            if self.console.color_system == "standard" and not self.no_color:
                self.theme = themes.in_sixteen_colors(self.theme)
        if self.workspace is not None:
            self._enter(self.workspace)
            self.set_timer(LATER_SECONDS, self._import_the_rest)
        else:
            from neuroinspect_tui.app import routes  # noqa: PLC0415

            at = str(self._at or "") if self._reason else ""
            self.push_screen(routes.start_screen(self._reason, at))
        for sentence in self.picture_problems:
            self.warn(sentence)
        if self.config.keys:
            from neuroinspect_tui.app import keys  # noqa: PLC0415

            for sentence in keys.complaints(self.config.keys):
                self.warn(sentence)

    def _show_warning(self, message: Warning | str, *_: object, **__: object) -> None:
        """Show a warning, such as of another package's kind that cannot be imported."""
        self.warn(str(message))

    def _read_keys(self) -> dict[str, str]:
        if not self.config.keys:
            return {}
        from neuroinspect_tui.app import keys  # noqa: PLC0415

        return keys.renamed(self.config.keys)

    def _import_the_rest(self) -> None:
        """Import the other screens, so that no key has to wait for it."""
        rest = "neuroinspect_tui.app.routes"
        threading.Thread(target=importlib.import_module, args=(rest,), daemon=True).start()

    def on_unmount(self) -> None:
        """Stop watching."""
        warnings.showwarning = self._shown_before
        self._stop.set()

    def _enter(self, workspace: Workspace) -> None:
        """Open a workspace instead of the last one."""
        self._stop.set()
        self._stop = threading.Event()
        self.workspace, self._line, self.active = workspace, "", 0
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(ClassesScreen(workspace))
        remember_workspace(workspace.home)
        if workspace.read_only:
            self.notify(READ_ONLY.format(home=workspace.home), timeout=LONG_SECONDS)
        watching = (workspace, self.WATCH_SECONDS, self._stop, self._post_snapshot)
        threading.Thread(target=watch_jobs, args=watching, daemon=True).start()

    # opening screens

    @on(OpenScreen)
    @reports_errors
    def _open_screen(self, message: OpenScreen) -> None:
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        screen = routes.screen_for(message, self._opened)
        if routes.is_replaced(self.screen, message):
            self.pop_screen()
        self._push(screen)

    def _push(self, screen: Screen[Any]) -> None:
        self.push_screen(screen)
        self.call_after_refresh(self._show_status)

    @property
    def _opened(self) -> Workspace:
        if self.workspace is None:
            raise EngineError("No workspace is open; choose one first.")
        return self.workspace

    @reports_errors
    def on_to_workspace(self, message: ToWorkspace) -> None:
        """Open a workspace."""
        self._enter(self._open_workspace(Path(message.home)))

    def on_to_demo(self, message: ToDemo) -> None:
        """Quit, for the demo to be made in the terminal."""
        del message
        self.exit(DEMO)

    @reports_errors
    def on_to_result(self, message: ToResult) -> None:
        """Show what a job made or makes."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        job = message.job
        if isinstance(job.request, FeaturesRequest):
            while len(self.screen_stack) > 2:
                self.pop_screen()
        elif isinstance(job.request, EditRequest) and job.state == "done":
            find = partial(routes.edit_made, self._opened)
            LatestTask(self.screen, find, self._open_screen, self.warn).start(job.id)
        elif (result := routes.result_of(job)) is not None:
            self._open_screen(result)
        else:
            self.notify(f"{job.title}: {progress(job)} · {job.directory}")

    def on_copied(self, copied: Copied) -> None:
        """Put text on the clipboard of whoever sits at the terminal."""
        text = pasteable(copied.text)
        self.copy_to_clipboard(text)
        self.run_worker(partial(terminal.copy_in_tmux, text), thread=True, group="copy")
        self.notify(f"Copied: {text}")

    # keys that work everywhere

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a workspace there are no jobs; over a dialog, only its own keys work."""
        del parameters
        if action in ("help", "jobs", "open") and isinstance(self.screen, ModalScreen):
            return False
        return self.workspace is not None if action == "jobs" else True

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        self.push_screen(routes.help_screen(self.screen, self.keys))

    def action_jobs(self) -> None:
        """Show the jobs, once."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        if any(map(routes.is_jobs, self.screen_stack)):
            while not routes.is_jobs(self.screen):
                self.pop_screen()
        else:
            self._push(routes.jobs_screen(self._opened))

    def action_open(self) -> None:
        """Choose another workspace."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        if not routes.is_start(self.screen):
            self.push_screen(routes.start_screen())

    def action_doctor(self) -> None:
        """Examine this machine and the workspace, once at a time."""
        from neuroinspect_tui.app import routes  # noqa: PLC0415

        if not any(map(routes.is_doctor, self.screen_stack)):
            home = None if self.workspace is None else self.workspace.home
            self._push(routes.doctor_screen(home, self.seen_here()))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the palette's entries: all that this screen can do now, then the app's."""
        from neuroinspect_tui.app import palette  # noqa: PLC0415

        yield from palette.entries(self, screen)
        yield from self.picture_commands()
        yield from self.mouse_commands()
        yield SystemCommand("Theme", "Change the colours until you quit", self.action_change_theme)

    # the jobs, on every screen

    def _post_snapshot(self, snapshot: JobsSnapshot) -> None:
        self.post_message(JobsPolled(snapshot))

    def on_jobs_polled(self, message: JobsPolled) -> None:
        """Show what the jobs do, and notify of those that ended."""
        self._line, self.active = message.snapshot.line, message.snapshot.active
        self._show_status()
        for job in message.snapshot.ended:
            self._notify_end(job)

    def _show_status(self) -> None:
        read_only = self.workspace is not None and self.workspace.read_only
        status = " · ".join(filter(None, ("read-only" if read_only else "", self._line)))
        for screen in self.screen_stack:
            for bar in screen.query(TopBar):
                bar.status = status

    def _notify_end(self, job: JobView) -> None:
        if job.state == "done" and job.kind in QUIET:
            return
        words = ending(job)
        if job.state in ("failed", "interrupted"):
            self.warn(words)
        else:
            self.notify(words)
        if job.state != "cancelled":
            self.bell()
            self.send_to_terminal(terminal.notification(self.TITLE, words))
