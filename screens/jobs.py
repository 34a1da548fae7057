"""All jobs, live: their states and logs, and what can be done about them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll

from engine.schema.errors import EngineError
from engine.schema.jobs import OVER, JobView
from screens.base import Base
from screens.command import Command, bindings
from screens.guarded import while_open
from screens.latest import LatestTask
from screens.messages import Copied, ToResult
from screens.ports import Workspace
from screens.widgets.bars import bar
from screens.widgets.table import Column, Table
from screens.widgets.text import Static, Text, stacked
from screens.words import MARKS, seconds

POLL_SECONDS = 1.0
LOG_LINES = 15
ABOVE_LOG = 3
"""Lines that say whose log it is; a long path takes two."""
RESUMED = ("failed", "interrupted", "cancelled")
EMPTY = "No jobs yet. Feature extraction, drawing, editing and exporting run as jobs."
TABLE = (
    Command("jobs.open", "enter", "open", "Open", "Show the job's result"),
    Command("jobs.log", "space", "log", "Log", "Show or hide the end of the job's log"),
    Command("jobs.cancel", "x", "cancel", "Cancel", "Cancel the job; what is done so far stays"),
    Command("jobs.resume", "r", "resume", "Resume", "Resume the job where it stopped"),
    Command("jobs.path", "d", "path", "Copy path", "Copy the path of the job's directory",
            show=False),
)  # fmt: skip


class JobTable(Table):
    """The jobs; the footer shows what enter does."""

    BINDINGS = [Binding("enter", "choose", "Open", id="jobs.open", tooltip="Show the job's result")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Open only a job that has something to show."""
        return self.screen.check_action("open", parameters) if action == "choose" else True


class JobsScreen(Base):
    """All jobs, newest first."""

    NAME = "Jobs"
    TABLE = TABLE
    BINDINGS = bindings(TABLE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    DEFAULT_CSS = """
    JobsScreen #runner { height: 1; padding: 0 1; color: $text-muted; }
    JobsScreen #both { height: 1fr; }
    JobsScreen #log { display: none; padding: 0 1; scrollbar-size-vertical: 1; }
    JobsScreen.-log #log { display: block; }
    JobsScreen.-narrow #log { height: 60%; border-top: solid $primary; }
    JobsScreen.-wide #both { layout: horizontal; }
    JobsScreen.-wide #log { width: 2fr; border-left: solid $primary; }
    JobsScreen.-wide Table { width: 3fr; }
    JobsScreen #log Static { height: auto; }
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._views: Sequence[JobView] = ()
        self._load = LatestTask(self, self._read, self._show, self._fail)
        self._log = LatestTask(self, self._read_log, self._show_log, self._fail)
        self._log_wanted: bool | None = None
        """Whether the log was asked for; None: it shows where there is room beside the table."""

    def body(self) -> ComposeResult:
        """Return the runner's line, the table and the log."""
        yield Static("loading…", id="runner")
        with Container(id="both"):
            yield JobTable(
                Column("", 1),
                Column("id", 8),
                Column("job", 18, flex=True),
                Column("progress", 24, flex=True),
                Column("time", 10, align="right"),
                Column("created", 11, drop=1),
                empty="loading…",
            )
            with VerticalScroll(id="log", can_focus=False):
                yield Static()

    def on_mount(self) -> None:
        """Load the jobs now, and then every second."""
        self.set_breadcrumb("jobs")
        self._load.start()
        self.set_interval(POLL_SECONDS, while_open(self, self.reload))

    def on_resize(self, event: events.Resize) -> None:
        """Show the log where there is room beside the table, unless a key hid or showed it."""
        if self._log_wanted is None:
            self.set_class(event.size.width >= self.HORIZONTAL_BREAKPOINTS[-1][0], "-log")

    def command_line(self) -> Sequence[str]:
        """Return `jobs list`, or for the cursor's job `jobs show`."""
        return ("jobs", "list") if self._job is None else ("jobs", "show", self._job.id)

    @property
    def _table(self) -> Table:
        return self.query_one(Table)

    @property
    def _job(self) -> JobView | None:
        index = self._table.index
        return self._views[index] if index is not None and index < len(self._views) else None

    # what is shown

    def reload(self) -> None:
        """Load the jobs again, while they are on screen."""
        if self.is_current:
            self._load.start()

    def _read(self) -> tuple[Sequence[JobView], str]:
        return self.workspace.jobs(), self.workspace.runner()

    def _show(self, loaded: tuple[Sequence[JobView], str]) -> None:
        views, runner = loaded
        active = sum(view.state not in OVER for view in views)
        self.set_breadcrumb("jobs", f"{active} active, {len(views) - active:,} finished")
        self.query_one("#runner", Static).update(runner)
        table = self._table
        table.empty = EMPTY
        if views != self._views or not views:  # every line drawn is sent over the link
            self._views = views
            table.show(len(views), lambda i: row(views[i]), [view.id for view in views])
            self.refresh_bindings()
        self._load_log()

    def _fail(self, sentence: str) -> None:
        self.query_one("#runner", Static).update(f"✗ {sentence}")

    def on_table_moved(self) -> None:
        """Show the other job's log."""
        self.refresh_bindings()
        self._load_log()

    def _load_log(self) -> None:
        if self._job is None:
            self.query_one("#log Static", Static).update("")
        elif self.has_class("-log"):
            self._log.start(self._job)

    def _read_log(self, job: JobView) -> tuple[JobView, Sequence[str]]:
        return job, self.workspace.log(job.id, LOG_LINES)

    def _show_log(self, loaded: tuple[JobView, Sequence[str]]) -> None:
        job, lines = loaded
        box = self.query_one("#log", VerticalScroll)
        room = max(1, box.size.height - ABOVE_LOG)
        first = Text.assemble((f"{MARKS[job.state]} {job.title}", "bold"), "  ", _progress(job))
        log = lines[-room:] or ["The log is empty."]
        box.query_one(Static).update(stacked((first, Text(job.directory, "dim"), *log)))

    # actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the cursor's job."""
        if action not in ("open", "log", "cancel", "resume", "path"):
            return super().check_action(action, parameters)
        job = self._job if self.is_mounted else None
        if job is None or action in ("log", "path"):
            return job is not None
        if action == "open":
            return job.request is not None
        return job.state in RESUMED if action == "resume" else job.state not in OVER

    def on_table_chosen(self) -> None:
        """Show the job's result."""
        self.action_open()

    def action_open(self) -> None:
        """Show the job's result."""
        if self._job is not None and self._job.request is not None:
            self.post_message(ToResult(self._job))

    def action_log(self) -> None:
        """Show or hide the log."""
        self._log_wanted = not self.has_class("-log")
        self.set_class(self._log_wanted, "-log")
        self._load_log()

    def action_cancel(self) -> None:
        """Cancel the job."""
        self._do(self.workspace.cancel)

    def action_resume(self) -> None:
        """Resume the job."""
        self._do(self.workspace.resume)

    def action_path(self) -> None:
        """Copy the directory's path."""
        if self._job is not None:
            self.post_message(Copied(self._job.directory))

    def _do(self, act: Callable[[str], Any]) -> None:
        if self._job is not None:
            self.run_worker(partial(self._done, act, self._job.id), thread=True)

    def _done(self, act: Callable[[str], Any], job: str) -> None:
        """Runs in a thread: a resumed job may have to start its runner."""
        try:
            act(job)
        except EngineError as error:
            self.call_later(self._warn, str(error))
        finally:
            self.call_later(self._load.start)

    def _warn(self, sentence: str) -> None:
        self.notify(sentence, severity="warning")


def row(job: JobView) -> Sequence[Text | str]:
    """Return a job's line of the table."""
    left = f"{seconds(job.seconds_left)} left" if job.seconds_left is not None else ""
    made = datetime.fromtimestamp(job.created).astimezone().strftime("%m-%d %H:%M")
    return (
        MARKS[job.state], job.id, job.title, _progress(job),
        left or seconds(job.seconds), made if job.created else "",
    )  # fmt: skip


def _progress(job: JobView) -> Text | str:
    at = f" at {job.step:,} of {job.total:,}" if job.total else ""
    match job.state:
        case "running":
            stage = " ".join(filter(None, (job.stage or "starting", _steps(job), _speed(job))))
            return Text.assemble(bar(job.step / job.total), " ", stage) if job.total else stage
        case "waiting":
            return f"waiting {job.waiting}".strip()
        case "interrupted" | "cancelled":
            return f"{job.state}{at}"
        case "done":
            return "done"
    return job.error or job.state


def _steps(job: JobView) -> str:
    return f"{job.step:,}/{job.total:,}" if job.total else ""


def _speed(job: JobView) -> str:
    return f"{job.images_per_second:.0f} images/s" if job.images_per_second else ""
