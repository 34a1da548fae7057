"""Expected failures of the app itself become a sentence on screen, in one place."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from textual import events
from textual.app import App

from engine.schema.errors import EngineError
from screens.base import LONG_SECONDS


class ErrorReportingApp(App[str]):
    """Shows an `EngineError` of any action, event or callback; a bug still ends the app."""

    async def run_action(self, *args: Any, **kwargs: Any) -> bool:
        """Run an action of any screen or widget."""
        try:
            return await super().run_action(*args, **kwargs)
        except EngineError as error:
            self.warn(str(error))
            return True

    async def on_event(self, event: events.Event) -> None:
        """Handle an event or a callback."""
        try:
            await super().on_event(event)
        except EngineError as error:
            self.warn(str(error))

    def notify(self, message: str, **options: Any) -> None:
        """Show a sentence as it is: names in it may contain brackets."""
        super().notify(message, **{**options, "markup": False})

    def warn(self, sentence: str) -> None:
        """Show a sentence that must be read."""
        self.notify(sentence, severity="error", timeout=LONG_SECONDS)


def reports_errors(handler: Callable[..., None]) -> Callable[..., None]:
    """Let the app's handler of a message show an `EngineError` instead of ending the app."""

    @wraps(handler)
    def reporting(self: ErrorReportingApp, *args: Any) -> None:
        try:
            handler(self, *args)
        except EngineError as error:
            self.warn(str(error))

    return reporting
