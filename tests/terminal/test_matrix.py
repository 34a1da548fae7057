"""The app in every kind of terminal: two sizes, all colours, pixels and cells, and in tmux."""

import re
import sys

import pytest

from neuroinspect_tui.jobs.launcher import stop_runners
from tests.neuroinspect_tui.conftest import filled, filled_once  # noqa: F401  fixtures
from tests.screens.widgets.pixels.decoding import SIXEL, KittyTerminal
from tests.terminal.emulated import KITTY, XTERM, EmulatedTerminal
from tests.terminal.pane import Pane, program, tmux

pytestmark = pytest.mark.long
SIZES = [(80, 24), (200, 60)]
COLORS = ["truecolor", "256", "16", "none"]
TERMINALS = {
    "kitty": KITTY,
    "sixel": XTERM | {"\x1b[16t": "\x1b[6;20;9t"},
    "cells": {"\x1b[>0q": "\x1bP>|XTerm(379)\x1b\\", "\x1b[c": "\x1b[?62;22c"},
}
STYLE = re.compile(r"\x1b\[([\d;]+)m")
MISTAKES, NEURONS, WHATIF = r"› .{0,9}mistakes? of", r"› neurons", r"› what-if"


def kinds(output):
    """Which kinds of colours styles have; kitty's cells name their picture by one."""
    found = set()
    for match in STYLE.finditer(output):
        codes = match[1].split(";")
        if output[match.end() : match.end() + 1] == "\U0010eeee":
            continue
        if "2" in (after(codes, "38"), after(codes, "48")):
            found.add("truecolor")
        elif "5" in (after(codes, "38"), after(codes, "48")):
            found.add("256")
        elif any(is_one_of_sixteen(int(code)) for code in codes if code):
            found.add("16")
    return found


def is_one_of_sixteen(code):
    """39 and 49 are none: they are what the terminal has without any."""
    return (30 <= code <= 47 or 90 <= code <= 107) and code != 39


def after(codes, code):
    return codes[codes.index(code) + 1] if code in codes[:-1] else ""


@pytest.mark.parametrize("name", TERMINALS)
@pytest.mark.parametrize("colors", COLORS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_bare_terminal(filled, size, colors, name):  # noqa: F811
    words = [sys.executable, "-m", "neuroinspect_tui", str(filled), "--color", colors]
    terminal = EmulatedTerminal(words, TERMINALS[name], size=size, cell=(9, 20))
    at = terminal.wait(r"accuracy \d")
    at = terminal.quiet()
    for key, shown in (("\r", MISTAKES), ("n", NEURONS), ("w", WHATIF)):
        terminal.press(key)
        terminal.wait(shown, at)
        at = terminal.quiet()
    for _ in range(3):
        terminal.press("\x1b")
        terminal.quiet()
    terminal.press("q")
    output = terminal.close()
    stop_runners(filled)
    assert terminal.process.returncode == 0
    assert kinds(output) - {"16"} <= {colors}, "no more colours than the terminal has"
    assert ("16" in kinds(output)) <= (colors != "none")
    kitty = KittyTerminal().read(output)
    pixels = colors != "none" and name
    assert bool(kitty.sent) == (pixels == "kitty")
    assert kitty.pictures == {}, "none is left"
    assert bool(SIXEL.search(output)) == (pixels == "sixel")
    left = output.partition("\x1b[?1049l")[2]
    assert "\x1b[?25h" in left, "the cursor is back"
    assert not STYLE.search(left)


@pytest.mark.skipif(not tmux(), reason="no tmux on this machine")
@pytest.mark.parametrize("colors", COLORS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_in_tmux(filled, tmp_path, size, colors):  # noqa: F811
    pane = Pane(tmp_path, [*program(filled), "--color", colors], size)
    try:
        pane.wait(r"accuracy \d")
        pane.wait("▶")
        for key, shown in (("Enter", MISTAKES), ("n", NEURONS), ("w", WHATIF)):
            pane.press(key)
            seen = pane.wait(shown)
            assert max(map(len, seen.splitlines())) <= size[0]
        codes = kinds(pane.run("capture-pane", "-p", "-e"))
        assert codes <= ({colors, "16"} if colors != "none" else set())
        assert "q Quit" in pane.wait("Quit")
    finally:
        pane.close()
        stop_runners(filled)
