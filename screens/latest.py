"""Work that takes longer than a key press may: done in a thread, and only the newest counts."""

import threading
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

from textual.dom import DOMNode

from screens.failures import sentence
from screens.guarded import is_open, report

P = ParamSpec("P")
T = TypeVar("T")


class LatestTask(Generic[P, T]):
    """Calls `function` in a thread, one call at a time; a waiting call gives way to a newer one.

    Args:
        node: The screen or widget that it works for; once that is gone, results are dropped.
        function: Runs in the thread; touches no widget.
        on_result: Runs in the app with the result.
        on_error: Runs in the app with the sentence of a failure, expected or not.
    """

    def __init__(
        self,
        node: DOMNode,
        function: Callable[P, T],
        on_result: Callable[[T], None],
        on_error: Callable[[str], None],
    ) -> None:
        self._node, self._function = node, function
        self._on_result, self._on_error = on_result, on_error
        self._lock = threading.Lock()
        self._newest: Callable[[], T] | None = None
        self._busy = False
        self.answered = False
        """Whether a first result, or error, has come to the app."""

    def start(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call the function; an older call that has not begun is dropped."""
        with self._lock:
            self._newest = lambda: self._function(*args, **kwargs)
            if self._busy:
                return
            self._busy = True
        self._node.run_worker(self._run, thread=True, group=f"latest-{id(self)}")

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return self._busy

    def _run(self) -> None:
        while True:
            with self._lock:
                call, self._newest = self._newest, None
                if call is None:
                    self._busy = False
                    return
            try:
                result = call()
            except Exception as error:  # noqa: BLE001  the screen must hear of it, whatever it is
                self._post(self._on_error, sentence(error))
            else:
                self._post(self._on_result, result)

    def _post(self, to: Callable[[T], None] | Callable[[str], None], value: T | str) -> None:
        self._node.call_later(self._deliver, to, value)  # does not wait: the app may be leaving

    def _deliver(self, to: Callable[[T | str], None], value: T | str) -> None:
        with self._lock:
            stale = self._newest is not None
        if stale or not is_open(self._node):
            return
        self.answered = True
        try:
            to(value)
        except Exception as error:  # noqa: BLE001  of a widget's, which nothing else guards
            report(self._node, error)
