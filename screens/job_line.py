"""A screen's own job: its progress in one line; once failed, why, its log's end and retry."""

import threading

from textual.app import RenderResult
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from engine.schema.edits import EditEpoch
from engine.schema.errors import EngineError
from engine.schema.jobs import OVER, JobView, Record, Request
from engine.schema.records import IllusionStep, Progress
from engine.schema.training import TrainEpoch
from screens.failures import sentence
from screens.ports import Workspace
from screens.widgets.bars import bar
from screens.widgets.text import Text, short, stacked
from screens.words import seconds

LOG_LINES = 4


class JobLine(Widget):
    """Follows a job in a thread of its own, and tells its screen of every record.

    It is hidden while no job is followed. The thread is a daemon: quitting never waits for it.
    """

    DEFAULT_CSS = """
    JobLine { height: auto; background: $panel; padding: 0 1; display: none; }
    JobLine.-followed { display: block; }
    JobLine.-failed { color: $text-error; }
    """
    BAR = 20
    _shown: reactive[Text] = reactive(Text(), layout=True)

    class Reported(Message):
        """A record came."""

        def __init__(self, job: str, record: Record) -> None:
            super().__init__()
            self.job, self.record = job, record

    class Done(Message):
        """The job is done; `record` is its last, None where it made none."""

        def __init__(self, job: str, record: Record | None) -> None:
            super().__init__()
            self.job, self.record = job, record

    class Failed(Message):
        """The job failed, was cancelled or interrupted."""

        def __init__(self, job: str, error: str) -> None:
            super().__init__()
            self.job, self.error = job, error

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._stop = threading.Event()
        self.job: str | None = None
        """The job that is or was followed."""
        self.error = ""
        """Why it has no result; empty while it runs or when it is done."""

    @property
    def running(self) -> bool:
        """Whether a job is followed that is not over."""
        return self.job is not None and not self._stop.is_set()

    def submit(self, request: Request) -> None:
        """Start a job and follow it; show why if it cannot be started."""
        try:
            self.track(self._workspace.submit(request))
        except EngineError as error:
            self.fail(str(error))

    def track(self, job: str) -> None:
        """Follow a job instead of the last one."""
        self._stop.set()
        self._stop = threading.Event()
        self.job, self.error = job, ""
        self._show(Text("waiting for the runner"))
        threading.Thread(target=self._follow, args=(job, self._stop), daemon=True).start()

    def forget(self) -> None:
        """Stop following; the job goes on."""
        self._stop.set()
        self.job, self.error = None, ""
        self.remove_class("-followed", "-failed")

    def cancel(self) -> None:
        """Cancel the followed job."""
        if self.job is not None and self.running:
            try:
                self._workspace.cancel(self.job)
            except EngineError as error:
                self.notify(str(error), severity="warning")

    def retry(self) -> None:
        """Resume the failed job where it stopped, and follow it again."""
        if self.job is None or not self.error:
            return
        try:
            self._workspace.resume(self.job)
        except EngineError as error:
            if not self._goes_on(self.job):
                self.fail(str(error))
                return
        self.track(self.job)

    def _goes_on(self, job: str) -> bool:
        """Tell whether another app or shell has resumed it already."""
        return any(some.id == job and some.state not in OVER for some in self._workspace.jobs())

    def fail(self, error: str) -> None:
        """Show a failure: its sentence, the log's end, and the key that tries again."""
        self._stop.set()
        self.error = error
        lines = [] if self.job is None else self._log(self.job)
        width = self.screen.size.width - 2
        told: list[Text | str] = [
            f"✗ {error}",
            *(Text(short(f"  │ {line}", width), "dim") for line in lines),
        ]
        if self.job is not None:
            told.append("  R retries")
        self._show(stacked(told))
        self.add_class("-failed")

    def _log(self, job: str) -> list[str]:
        try:
            return self._workspace.log(job, LOG_LINES)
        except EngineError:
            return []  # the failure itself is what must be shown

    def on_unmount(self) -> None:
        """Stop following."""
        self._stop.set()

    def render(self) -> RenderResult:
        """Draw the line."""
        return self._shown

    def _show(self, text: Text) -> None:
        self.remove_class("-failed")
        self.add_class("-followed")
        self._shown = text

    def _follow(self, job: str, stop: threading.Event) -> None:
        last: Record | None = None
        try:
            for record in self._workspace.follow(job, stop):
                if stop.is_set():
                    return
                last = record
                self.post_message(self.Reported(job, record))
        except Exception as error:  # noqa: BLE001  whatever it is, the thread must say it
            if not stop.is_set():
                self.post_message(self.Failed(job, sentence(error)))
        else:
            if not stop.is_set():
                self.post_message(self.Done(job, last))

    def on_job_line_reported(self, message: Reported) -> None:
        """Show the progress."""
        if message.job == self.job and self.running:
            self._show(progress_line(message.record))

    def on_job_line_done(self, message: Done) -> None:
        """Hide the line."""
        if message.job == self.job:
            self._stop.set()
            self.remove_class("-followed")

    def on_job_line_failed(self, message: Failed) -> None:
        """Show why."""
        if message.job == self.job:
            self.fail(message.error)


def progress_line(record: Record) -> Text:
    """Return a record as a line: stage, bar, count, time left."""
    match record:
        case Progress(stage=stage, done=done, total=total, unit=unit, note=note):
            at = f"{done:,}/{total:,} {unit}".strip() if total else ""
            share, left = (done / total if total else None), None
        case IllusionStep(step=done, steps=total):
            stage, at, share, left, note = "drawing", f"step {done}/{total}", done / total, None, ""
        case EditEpoch() | TrainEpoch():
            stage = "editing" if isinstance(record, EditEpoch) else "training"
            at, note = f"epoch {record.epoch}/{record.epochs}", ""
            share, left = record.epoch / record.epochs, record.seconds_left
        case _:
            stage, at, share, left, note = "finishing", "", None, None, ""
    parts = [f"● {stage}"]
    if share is not None:
        parts.append(bar(share, JobLine.BAR))
    parts += [part for part in (at, note, f"{seconds(left)} left" if left else "") if part]
    return Text("  ".join(parts), no_wrap=True, overflow="ellipsis")


def newest(workspace: Workspace, request: Request) -> JobView | None:
    """Return the newest job of exactly this request, unless it cannot go on."""
    for job in workspace.jobs():
        if job.request == request:
            return job if job.may_go_on else None
    return None
