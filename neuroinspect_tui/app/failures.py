"""Expected failures of the app's own doing become a sentence on screen, in one place."""

from typing import Any

from textual.app import App
from textual.message import Message

from engine.schema.errors import EngineError
from screens.base import LONG_SECONDS


class SayingApp(App[str]):
    """Says an `EngineError` of any action, or of a message it handles; a bug still ends it."""

    async def run_action(self, *args: Any, **kwargs: Any) -> bool:
        """Run an action of any screen or widget."""
        try:
            return await super().run_action(*args, **kwargs)
        except EngineError as error:
            self.warn(str(error))
            return True

    async def _on_message(self, message: Message) -> None:
        try:
            await super()._on_message(message)
        except EngineError as error:
            self.warn(str(error))

    def notify(self, message: str, **options: Any) -> None:
        """Show a sentence as it is: the names in it may hold brackets."""
        super().notify(message, **{**options, "markup": False})

    def warn(self, sentence: str) -> None:
        """Show a sentence that must be read."""
        self.notify(sentence, severity="error", timeout=LONG_SECONDS)
