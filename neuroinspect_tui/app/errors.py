"""Failures of the app itself, and of its workers and threads, become a sentence: in one place."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from rich.console import Console  # noqa: TID251  for tracebacks
from rich.segment import Segment
from textual import events
from textual.app import App
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter, Monochrome
from textual.worker import WorkerFailed

from neuroinspect_tui.app.guard import ShownErrors
from screens.failures import record, sentence
from screens.guarded import LONG_SECONDS
from screens.shown import shown


class Colourless(LineFilter):
    """Leaves bold, underlined and reversed text, and no colour, not even the default one."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return a line without colours."""
        del background
        return [
            Segment(text, None if style is None else style.without_color, control)
            for text, style, control in segments
        ]


COLOURLESS = Colourless()


class ErrorReportingApp(App[str]):
    """Shows an error of any action, event, worker or thread; the app goes on.

    Screens guard what they handle themselves (`screens.guarded`). What is left, such as an error in
    drawing a widget, would come back with every frame: it ends the app, and is in the log.
    """

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self.error_console = Console(file=ShownErrors(), markup=False, highlight=False)
        self._told: tuple[str, float] = ("", 0.0)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line goes through; without colours, Textual's own would send greys."""
        filters = super().get_line_filters()
        if not self.no_color:
            return filters
        return (*(one for one in filters if not isinstance(one, Monochrome)), COLOURLESS)

    def on_mount(self) -> None:
        """Hear of threads that no worker runs in."""
        self._hook_before = threading.excepthook
        threading.excepthook = self._report_thread

    def on_unmount(self) -> None:
        """Leave threads to others again."""
        threading.excepthook = self._hook_before

    def _report_thread(self, failed: threading.ExceptHookArgs) -> None:
        if isinstance(failed.exc_value, Exception):
            self.call_later(self.warn, sentence(failed.exc_value))

    async def run_action(self, *args: Any, **kwargs: Any) -> bool:
        """Run an action of any screen or widget."""
        try:
            return await super().run_action(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  a key must not end the app
            self.warn(sentence(error))
            return True

    async def on_event(self, event: events.Event) -> None:
        """Handle an event or a callback."""
        try:
            await super().on_event(event)
        except Exception as error:  # noqa: BLE001  nor a callback
            self.warn(sentence(error))

    def _handle_exception(self, error: Exception) -> None:
        """End the app, but for a worker's error; Textual has no public place for all workers."""
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            self.warn(sentence(error.error))
            return
        record(error)
        super()._handle_exception(error)

    def notify(self, message: str, *, title: str = "", **options: Any) -> None:
        """Show a sentence as it is, names in it too; not twice at once."""
        now = time.monotonic()
        if options.get("severity") == "error":
            (told, at), self._told = self._told, (message, now)
            if message == told and now - at < LONG_SECONDS:
                return
        options["markup"] = False
        super().notify(shown(message), title=shown(title), **options)

    def clear_notifications(self) -> None:
        """Remove all notifications."""
        self._told = ("", 0.0)
        super().clear_notifications()

    def warn(self, sentence: str) -> None:
        """Show a sentence that must be read."""
        self.notify(sentence, severity="error", timeout=LONG_SECONDS)


def reports_errors(handler: Callable[..., None]) -> Callable[..., None]:
    """Let the app's handler of a message show an error instead of ending the app."""

    @wraps(handler)
    def reporting(self: ErrorReportingApp, *args: Any) -> None:
        try:
            handler(self, *args)
        except Exception as error:  # noqa: BLE001  nor a message
            self.warn(sentence(error))

    return reporting
