"""Screens that outlive their failures, and what of them is still there."""

from collections.abc import Callable

from textual import events, on
from textual.css.query import NoMatches
from textual.dom import DOMNode, NoScreen
from textual.message import Message
from textual.screen import ModalScreen, Screen, ScreenResultType

from screens.failures import sentence
from screens.too_small import TooSmall, too_small

LONG_SECONDS = 10.0
"""How long a notification that must be read stays."""


def is_open(node: DOMNode) -> bool:
    """Tell whether a node is on a screen that has not been closed.

    A closed screen still handles what was posted before, and mounts nothing any more.
    """
    try:
        return node.is_attached and node.screen in node.app.screen_stack
    except NoScreen:
        return False


def while_open(node: DOMNode, callback: Callable[[], object]) -> Callable[[], None]:
    """Return a timer's callback that does nothing once its screen is closed, nor ends the app."""

    def guarded() -> None:
        if is_open(node):
            try:
                callback()
            except Exception as error:  # noqa: BLE001  as below
                report(node, error)

    return guarded


def report(node: DOMNode, error: Exception) -> None:
    """Notify of an error; that the widgets of a closed screen are gone is none."""
    if isinstance(error, (NoMatches, NoScreen)) and not is_open(node):
        return
    told = sentence(error)
    node.app.notify(told, severity="error", timeout=LONG_SECONDS, markup=False)


class Guarded(Screen[ScreenResultType]):
    """A screen on which an error of a handler becomes a notification.

    Without this, Textual would end the screen's loop, and then the app.
    """

    DEFAULT_CSS = """
    Guarded { layers: default too-small; }
    Guarded.-covered { overflow: hidden; }
    """

    @on(events.Resize)
    def _cover_if_small(self, event: events.Resize) -> None:
        """Cover the screen while the terminal is too small for it."""
        covers = self.query(TooSmall)
        self.set_class(too_small(event.size), "-covered")
        if not too_small(event.size):
            covers.remove()
            return
        cover = covers.first() if covers else TooSmall()
        cover.terminal = event.size
        if not covers:
            self.mount(cover)

    async def _dispatch_message(self, message: Message) -> None:
        """Handle a message or an event; Textual has no public place for both."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001  nothing that a screen does may end the app
            report(self, error)

    def action_copy_text(self) -> None:
        """Copy the selected text; without any, say how to quit."""
        if self.get_selected_text() is None:
            self.app.action_help_quit()
        else:
            super().action_copy_text()


class Dialog(ModalScreen[ScreenResultType], Guarded[ScreenResultType]):
    """A dialog over another screen."""

    DEFAULT_CSS = """
    Dialog { layers: default too-small; }
    Dialog.-covered { overflow: hidden; }
    Dialog:nocolor > Vertical { border: round $foreground; }
    """
