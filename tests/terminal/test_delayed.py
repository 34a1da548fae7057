"""A link of 300 ms: keys do not wait for each other, nor for pictures."""

import sys
import time
from statistics import median

import pytest
from PIL import Image

from tests.screens.widgets.pixels.test_pixels import bird
from tests.terminal.delayed import ONE_WAY, DelayedTerminal
from tests.terminal.emulated import KITTY

pytestmark = pytest.mark.long
ROUND_TRIP = 2 * ONE_WAY
KEYS = "abcdefghijklmnoprstu"  # without q, which quits
TYPED_EVERY = 0.03
MACHINE = 1.0
"""Seconds that the machine itself may take, busy as it is: a sixth of 20 round trips."""


@pytest.fixture
def opened(tmp_path):
    """Open a program at the end of the link; end it after the test."""
    terminals = []

    def open_(words, answers=()):
        terminals.append(DelayedTerminal(words, answers, size=(120, 60), cell=(9, 20)))
        return terminals[-1]

    yield open_
    for terminal in terminals:
        terminal.process.kill()
        terminal.process.wait()


def typed(terminal, keys):
    """Type keys one after another, faster than they are answered; return when each was."""
    times = []
    for key in keys:
        times.append(terminal.press(key))
        time.sleep(TYPED_EVERY)
    return times


def test_keys_typed_ahead_are_answered_while_pictures_come(opened, tmp_path):
    files = []
    for index in range(120):
        files.append(tmp_path / f"{index:03}.png")
        image = Image.blend(bird(640), Image.new("RGB", (640, 640), (2 * index, 90, 40)), 0.5)
        image.save(files[-1])
    app = [sys.executable, "-m", "tests.terminal.gallery_app", "auto", *map(str, files)]
    terminal = opened(app, KITTY)
    terminal.wait("<kitty:>")  # the answers came too late for the start
    terminal.quiet(2.0)
    begun = len(terminal.output.encode())
    terminal.press("\x1b[F")  # a screenful of pictures that were never drawn
    times = typed(terminal, KEYS)
    terminal.wait(f"<kitty:{KEYS}>")
    terminal.quiet(2.0)
    waits, ends = [], []
    for count, pressed in enumerate(times, 1):
        when, end = terminal.seen(f"<kitty:{KEYS[:count]}", begun)
        waits.append(when - pressed)
        ends.append(end)
    assert min(waits) >= ROUND_TRIP
    assert max(waits) < ROUND_TRIP + MACHINE, waits
    assert median(waits) < ROUND_TRIP + MACHINE / 2, waits
    last_picture = terminal.output.encode().rindex(b"\x1b_Ga=T")
    assert ends[0] < last_picture, "the first key was answered before all pictures were sent"
