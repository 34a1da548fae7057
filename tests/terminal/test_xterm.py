"""Pictures on the screen of a real terminal, xterm with sixel, compared with the files."""

import os
import shutil
import subprocess
import sys
import time
from ast import literal_eval

import numpy as np
import pytest
from PIL import Image, ImageGrab, features

from tests.screens.widgets.pixels.decoding import rms
from tests.screens.widgets.pixels.test_pixels import bird

missing = [name for name in ("Xvfb", "xterm") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}"),
    pytest.mark.skipif(not features.check("xcb"), reason="this Pillow takes no screenshots"),
]
COLUMNS, LINES = 60, 26
ERROR = 12
"""Of 255, root mean square: 256 colours, and percents where the file has 255 levels."""


@pytest.fixture(scope="module")
def display(tmp_path_factory):
    """An X server without a screen."""
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1200x900x24"]
    server = subprocess.Popen(words, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as file:
        number = file.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


class XTerm:
    """The app in an xterm, at the upper left corner of the display."""

    def __init__(self, display, folder, files):
        self.display, self._control = display, folder / "control"
        state = folder / "state"
        os.mkfifo(self._control)
        known = os.environ | {
            "DISPLAY": display, "STATE": str(state), "CONTROL": str(self._control),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }  # fmt: skip
        for name in ("TMUX", "COLUMNS", "LINES", "NO_COLOR", "LC_TERMINAL", "TERM_PROGRAM"):
            known.pop(name, None)
        app = [sys.executable, "-m", "tests.terminal.gallery_app", "auto", *map(str, files)]
        plain = ["-b", "0", "-bw", "0", "+sb", "-bg", "black", "-fg", "white", "-hold"]
        words = ["xterm", "-ti", "vt340", "-geometry", f"{COLUMNS}x{LINES}+0+0", *plain, "-e", *app]
        self.process = subprocess.Popen(words, env=known, stderr=subprocess.DEVNULL)
        self._pipe = self._control.open("w")
        deadline = time.monotonic() + 60
        while not state.is_file():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(0.1)
        self.cell = literal_eval(state.read_text())

    def press(self, *keys):
        """Press keys, and wait until nothing moves any more."""
        for key in keys:
            self._pipe.write(f"{key}\n")
            self._pipe.flush()
        self.wait()

    def wait(self):
        before = None
        while before != (now := self.shot().tobytes()):
            before = now
            time.sleep(1.0)

    def shot(self):
        """The window's pixels."""
        box = 0, 0, COLUMNS * self.cell[0], LINES * self.cell[1]
        return ImageGrab.grab(box, xdisplay=self.display).convert("RGB")

    def tile(self, column, line, columns=16, lines=8):
        """The pixels of a picture whose upper left cell is there."""
        across, down = self.cell
        left, top = column * across, line * down
        return self.shot().crop((left, top, left + columns * across, top + lines * down))

    def close(self):
        self._pipe.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def files(tmp_path):
    for index in range(12):
        image = Image.blend(bird(160), Image.new("RGB", (160, 160), (20 * index, 90, 40)), 0.5)
        image.save(tmp_path / f"{index:02}.png")
    return sorted(tmp_path.glob("*.png"))


@pytest.fixture
def xterm(display, tmp_path, files):
    opened = XTerm(display, tmp_path, files)
    opened.wait()
    yield opened
    opened.close()


def errors(xterm, files, lines):
    """The error of each of three pictures in a row, in rows that begin at some lines."""
    shots = [xterm.tile(1 + 17 * (i % 3), lines[i // 3]) for i in range(len(files))]
    truths = [Image.open(file).resize(shot.size) for file, shot in zip(files, shots, strict=True)]
    return [rms(shot, truth) for shot, truth in zip(shots, truths, strict=True)]


def test_what_is_seen_is_the_file_and_nothing_is_left(xterm, files):
    top = errors(xterm, files[:6], (2, 12))
    assert max(top) < ERROR, top
    assert min(errors(xterm, files[6:], (2, 12))) > 2 * ERROR, "others are told from these"
    xterm.press("end")
    bottom = errors(xterm, files[6:], (6, 16))
    assert max(bottom) < ERROR, bottom
    xterm.press("3")
    covered = np.asarray(xterm.tile(8, 4, 20, 6))
    assert len(np.unique(covered.reshape(-1, 3), axis=0)) < 40, "only the letters of the dialog"
    assert errors(xterm, files[8:9], (6,))[0] > ERROR or errors(xterm, files[6:7], (6,))[0] > ERROR
    assert errors(xterm, files[9:], (16,))[2] < ERROR, "what it does not cover stays"
    xterm.press("1")
    again = errors(xterm, files[6:], (6, 16))
    assert max(again) < ERROR, again
    xterm.press("2")
    plain = np.asarray(xterm.shot())
    assert not plain[2 * xterm.cell[1] :].any(), "a screen without pictures has none"
    xterm.press("1", "home")
    assert max(errors(xterm, files[:6], (2, 12))) < ERROR
    xterm.press("q")
    shades = np.asarray(xterm.shot()).reshape(-1, 3)
    assert (np.ptp(shades, axis=1) == 0).all(), "no colour is left: the cursor, and no more"
    assert (shades.any(axis=1)).mean() < 0.01
