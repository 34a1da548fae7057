"""Keys typed before their screen is there, as over a slow link: they count, in order.

A key that comes while the last one is still being handled, or while the screen that it opened reads
its files, waits. So it acts on the screen that the person meant.
"""

from collections import deque
from collections.abc import Callable

from textual import events
from textual.app import App
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.message_pump import MessagePump
from textual.widget import Widget

from screens.base import Base

ROUNDS = 4
"""What a key sets off goes from widget to screen to app a few times, and a probe behind it."""
LOOK_SECONDS = 0.02
LOST_LOOKS = 50
"""A probe that is not back after so many looks went down with its widget. Not after some time: the
app may be busy with the import of a screen."""
PATIENCE_SECONDS = 10.0
"""A screen that reads for longer gets its keys all the same."""
AT_ONCE = ("ctrl+c", "ctrl+q", "ctrl+z")


def enter_typed_early(event: events.Key) -> events.Key:
    """Return enter for a line feed: the terminal makes one of it before the app is there."""
    return events.Key("enter", "\r") if event.key == "ctrl+j" else event


class TypedAhead:
    """Decides which keys wait, and gives them back one by one.

    Args:
        app: The app, which asks `holds` of every key before it handles it.
    """

    def __init__(self, app: App[str]) -> None:
        self._app = app
        self._waiting: deque[events.Key] = deque()
        self._released: events.Key | None = None
        self._settling = 0
        """The number of the probe that is under way; 0 for none."""
        self._probes = 0
        self._looking = False
        self._looked = 0.0

    def holds(self, event: events.Key) -> bool:
        """Tell whether a key waits; one that does not is handled now."""
        if event is self._released:
            self._released = None
        elif event.key in AT_ONCE:
            return False
        elif self._waiting or self._settling or self._must_wait(event):
            self._waiting.append(event)
            if not self._settling:
                self._look()
            return True
        elif self._is_text(event):
            return False  # nothing follows from it that a later key could overtake
        self._settle(ROUNDS)
        return False

    def _is_text(self, event: events.Key) -> bool:
        focused = self._app.focused
        return focused is not None and focused.check_consume_key(event.key, event.character)

    def _must_wait(self, event: events.Key) -> bool:
        """Tell whether the screen is being read, and the key does nothing there yet."""
        if not self._is_loading():
            return False
        screen = self._app.screen
        bound = screen.active_bindings.get(event.key) if screen.is_mounted else None
        return bound is None or not bound.enabled or bound.node not in (screen, self._app)

    def _is_loading(self) -> bool:
        stack = self._app.screen_stack
        if len(stack) < 2 or not stack[-1].is_mounted:
            return True
        screen = stack[-1]
        return isinstance(screen, Base) and screen.is_loading

    # until all that a key set off is done

    def _settle(self, rounds: int) -> None:
        self._probes += 1
        number = self._settling = self._probes
        try:
            start: DOMNode = self._app.focused or self._app.screen
        except (NoMatches, IndexError):
            start = self._app
        self._go_round(start, rounds, lambda: self._settled(number))
        self._watch(number, LOST_LOOKS)

    def _watch(self, number: int, looks: int) -> None:
        if number != self._settling:
            return
        if looks:
            self._app.set_timer(LOOK_SECONDS, lambda: self._watch(number, looks - 1))
        else:
            self._settled(number)

    def _go_round(self, start: DOMNode, rounds: int, done: Callable[[], None]) -> None:
        def arrived() -> None:
            if rounds > 1:
                self._go_round(start, rounds - 1, done)
            else:
                done()

        self._hop(start, arrived)

    def _hop(self, node: MessagePump, arrived: Callable[[], None]) -> None:
        """Go up behind the messages that wait in a node, its parents and the app."""
        above = node._parent  # the way that messages bubble; a screen's leads to the app
        if node is self._app or not isinstance(node, Widget) or above is None:
            self._app.call_later(arrived)
        elif not node.call_later(self._hop, above, arrived):
            self._hop(above, arrived)  # it is closed

    def _settled(self, number: int) -> None:
        if number == self._settling:
            self._settling = 0
            self._next()

    # giving back

    def _next(self) -> None:
        if not self._waiting or self._looking:
            return
        if self._is_loading():
            self._look()
            return
        self._released = self._waiting.popleft()
        self._app.post_message(self._released)

    def _look(self) -> None:
        """Look again and again whether the screen is there; then let it find its focus."""
        if not self._looking:
            self._looking, self._looked = True, 0.0
            self._app.set_timer(LOOK_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._looked += LOOK_SECONDS
        if self._is_loading() and self._looked < PATIENCE_SECONDS:
            self._app.set_timer(LOOK_SECONDS, self._look_again)
            return
        self._looking = False
        if self._looked < PATIENCE_SECONDS:
            self._settle(1)
        elif self._waiting:
            self._released = self._waiting.popleft()
            self._app.post_message(self._released)
