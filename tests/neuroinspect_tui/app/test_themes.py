"""Themes: every word of every screen stands out from what is behind it."""

import asyncio
import re
import sys

import pytest
from textual.color import Color

from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.app.themes import chosen_theme, in_sixteen_colors
from neuroinspect_tui.config import Config
from tests.neuroinspect_tui.conftest import filled, filled_once  # noqa: F401  fixtures
from tests.terminal.emulated import EmulatedTerminal

WAIT = 0.05
READABLE, HIGH = 3.5, 7.0
"""Of WCAG's ratio: its 3 for what is bold or large, 4.5 for text, 7 for those who need more."""
WALK = (
    "enter", "enter", "escape", "n", "w", "m", "e", "escape", "escape", "escape", "escape", "p",
    "p", "p", "escape", "u", "J", "escape",
)  # fmt: skip
"""Mistakes, one of them, Neurons, What-if, Edit, back to Classes; plots, groups, Jobs."""


def luminance(color):
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
             for v in (c / 255 for c in color.rgb)]  # fmt: skip
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def ratio(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def seen(app):
    """Words, with their ratio to the background."""
    for strip in app.screen._compositor.render_strips():  # Textual has no public way
        for text, style, _ in strip:
            if re.search(r"\w", text) and style and style.color and style.bgcolor:
                back, front = (Color.from_rich_color(c) for c in (style.bgcolor, style.color))
                yield text.strip(), round(ratio(front, back), 1)


def test_the_ratio_is_wcag_s():
    black, white = Color(0, 0, 0), Color(255, 255, 255)
    assert ratio(black, white) == pytest.approx(21)
    assert ratio(white, white) == 1
    assert ratio(Color(119, 119, 119), white) == pytest.approx(4.48, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "light",
        "blue-orange",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("dark", "blue-orange-light", "high-contrast", "high-contrast-light")
        ),
    ],
)
async def test_every_word_can_be_read(filled, name):  # noqa: F811
    limit = HIGH if name.startswith("high") else READABLE
    app = NeuroinspectApp(Config(theme=name, pictures="none"), LocalWorkspace, filled)
    words = 0
    async with app.run_test(size=(140, 40)) as pilot:
        for key in ("", *WALK):
            await pilot.press(*filter(None, [key]))
            await asyncio.sleep(WAIT)
            await app.workers.wait_for_complete()
            await pilot.pause()
            if app.screen.is_modal:
                continue  # what is behind it is meant to be dim
            found = list(seen(app))
            words += len(found)
            weak = {text: of for text, of in found if of < limit}
            assert not weak, (key, type(app.screen).__name__, weak)
    assert words > 500


def test_the_two_that_come_first_have_short_names():
    assert [chosen_theme(n) for n in ("dark", "light")] == ["textual-dark", "textual-light"]


@pytest.mark.parametrize(
    ("theme", "own"),
    [("textual-dark", "dark"), ("textual-light", "light"), ("high-contrast-light", "light"),
     ("blue-orange", "dark"), ("nord", "dark"), ("ansi-light", "light")],
)  # fmt: skip
def test_with_16_colours_the_terminal_s_own_are_used(theme, own):
    assert in_sixteen_colors(theme) == f"ansi-{own}"


@pytest.mark.slow
@pytest.mark.parametrize(("colors", "painted"), [("16", False), ("256", True)])
def test_with_16_colours_the_background_is_the_terminal_s(filled, colors, painted):  # noqa: F811
    words = [sys.executable, "-m", "neuroinspect_tui", str(filled), "--theme", "light"]
    terminal = EmulatedTerminal([*words, "--color", colors, "--pictures", "none"], size=(100, 30))
    terminal.wait("accuracy \\d")
    title = re.search(r"\x1b\[([\d;]*)m[^\x1b]*accuracy \d", terminal.output)
    terminal.press("q")
    terminal.close()
    codes = title[1].split(";")
    assert ("48" in codes) is painted
    assert not set(codes) & {str(code) for code in (*range(40, 48), *range(100, 108))}
