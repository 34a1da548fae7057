"""Textual's driver of the terminal, with pictures put into what it writes."""

import os
import select
import time
from contextlib import suppress
from typing import Any, Protocol

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from neuroinspect_tui.app import probe
from neuroinspect_tui.app.sent_cells import SentCells
from neuroinspect_tui.app.sigterm import leave_with_terminal
from screens.widgets.pixels.painter import Painter

LATE_SECONDS = 10.0
"""How long answers that did not come in time are waited for: over slow links they come later."""
TICK = 0.1


class Painting(Protocol):
    """An app that draws pictures."""

    painter: Painter
    answers: probe.Answers

    @property
    def size(self) -> Size:
        """Columns and lines."""
        ...


class LateAnswers(Message):
    """The terminal answered after the app had started."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class PictureDriver(LinuxDriver):
    """Writes pictures in place of the cells that stand for them, and removes them at the end.

    It also keeps late answers of the terminal away from the app, to which they would be keys.
    """

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._painting: Painting = app
        self._sent = SentCells()
        leave_with_terminal(self.fileno)

    def write(self, data: str) -> None:
        """Write to the terminal."""
        unsent = self._sent.unsent(data)
        super().write(self._painting.painter.paint(unsent, self._painting.size.height))

    def send_again(self) -> None:
        """Send what comes even where the terminal shows it already."""
        self._sent.forget()

    def stop_application_mode(self) -> None:
        """Remove the pictures; then leave the terminal as it was."""
        super().write(self._painting.painter.forget())
        super().stop_application_mode()

    def use_mouse(self, on: bool) -> None:
        """Let the terminal report the mouse, or select text by itself."""
        if on:
            self._mouse = True  # Textual's: without it neither of the two does anything
            self._enable_mouse_support()
            if self._mouse_pixels:  # else reports in cells would be read as pixels
                self._enable_mouse_pixels()
        else:
            self._disable_mouse_support()
            self._mouse = False
        self.flush()

    def run_input_thread(self) -> None:
        """Read keys; first those pressed as the terminal was asked, and answers that are late."""
        answers = self._painting.answers
        self._painting.answers = probe.NO_ANSWERS  # after a suspension, none are to come
        parser = XTermParser()
        self._feed(parser, answers.keys)
        if not answers.complete:
            self._read_late(parser, answers)
        while not self.exit_event.is_set():
            with suppress(UnicodeDecodeError):  # a terminal of another encoding, or noise
                super().run_input_thread()

    def _feed(self, parser: XTermParser, keys: str) -> None:
        events = (*parser.feed(keys), *parser.tick()) if keys else parser.tick()  # "" is an end
        for event in events:
            self.process_message(event)

    def _read_late(self, parser: XTermParser, answers: probe.Answers) -> None:
        """Read until the last answer has come; keys reach the app meanwhile."""
        deadline, text = time.monotonic() + LATE_SECONDS, answers.text
        rest = answers.begun
        while time.monotonic() < deadline and not self.exit_event.is_set():
            ready = select.select([self.fileno], [], [], TICK)[0]
            read = os.read(self.fileno, 4096).decode("utf-8", "replace") if ready else ""
            got = probe.Answers(rest + read, complete=not read)  # what stays begun is a key
            text, rest = text + read, "" if got.complete else got.begun
            self._feed(parser, got.keys)
            if probe.ATTRIBUTES_REPLY.search(text):
                self.send_message(LateAnswers(text))
                break
        self._feed(parser, rest)
