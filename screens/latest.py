"""Questions that take longer than a key may: asked in a thread, and only the newest answered."""

import threading
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

from textual.dom import DOMNode

from engine.schema.errors import EngineError

P = ParamSpec("P")
T = TypeVar("T")


class Asker(Generic[P, T]):
    """Asks `find` in a thread, one question at a time; what waits gives way to what is newer.

    Args:
        node: The screen or widget that asks; gone, its answers are dropped.
        find: Runs in the thread; touches no widget.
        take: Runs in the app with the answer.
        fail: Runs in the app with the sentence of an expected failure.
    """

    def __init__(
        self,
        node: DOMNode,
        find: Callable[P, T],
        take: Callable[[T], None],
        fail: Callable[[str], None],
    ) -> None:
        self._node, self._find, self._take, self._fail = node, find, take, fail
        self._lock = threading.Lock()
        self._newest: Callable[[], T] | None = None
        self._busy = False

    def ask(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Ask; an older question that has not begun is forgotten."""
        with self._lock:
            self._newest = lambda: self._find(*args, **kwargs)
            if self._busy:
                return
            self._busy = True
        self._node.run_worker(self._answer, thread=True, group=f"asker-{id(self)}")

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._busy

    def _answer(self) -> None:
        while True:
            with self._lock:
                question, self._newest = self._newest, None
                if question is None:
                    self._busy = False
                    return
            try:
                answer = question()
            except EngineError as error:
                self._say(self._fail, str(error))
            else:
                self._say(self._take, answer)

    def _say(self, to: Callable[[T], None] | Callable[[str], None], what: T | str) -> None:
        self._node.call_later(self._tell, to, what)  # does not wait: the app may be leaving

    def _tell(self, to: Callable[[T | str], None], what: T | str) -> None:
        with self._lock:
            stale = self._newest is not None
        if not stale and self._node.is_attached:
            to(what)
