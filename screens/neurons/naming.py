"""Words for neurons, made when asked: CLIP's job first, then every neuron, in a thread."""

import threading
from collections.abc import Callable

from engine.words.neuron_store import ready_names
from screens.base import Base
from screens.clip_words import ClipWords, ensure_words
from screens.latest import LatestTask


class Naming:
    """Makes the words of all neurons.

    Args:
        screen: Whose job line shows CLIP's job.
        on_named: Runs in the app once there are words.
        on_error: Runs in the app with the sentence of an expected failure.
    """

    def __init__(
        self, screen: Base, on_named: Callable[[], None], on_error: Callable[[str], None]
    ) -> None:
        self.words = ClipWords(screen.workspace)
        self._screen = screen
        self._wanted = False
        self._stop = threading.Event()
        self._name = LatestTask(screen, self._all, lambda _: on_named(), on_error)

    @property
    def can_start(self) -> bool:
        """Whether there is a CLIP, and nothing is under way."""
        has_clip = self._screen.workspace.source.has_clip
        return has_clip and not self._name.busy and not self._screen.job_line.running

    def start(self) -> None:
        """Make the words, and first what they need."""
        if self.words.missing:
            self._wanted = True
            ensure_words(self._screen.workspace, self._screen.job_line)
        else:
            self._screen.notify("Naming all neurons …")
            self._name.start()

    def go_on(self) -> None:
        """Name the neurons if it was CLIP's job that is done."""
        if self._wanted:
            self._wanted = False
            self._name.start()

    def stop(self) -> None:
        """Stop naming: the screen goes."""
        self._stop.set()

    def _all(self) -> None:
        workspace = self._screen.workspace
        cache, space = workspace.cache(), workspace.word_space()
        if cache is not None and space is not None:
            for _ in ready_names(workspace.home, cache, space):
                if self._stop.is_set():
                    return
