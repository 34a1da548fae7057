"""Pictures all the way: an app in a pseudo-terminal, and what it writes, back to pixels."""

import sys

import pytest
from PIL import Image

from screens.widgets.pixels.placeholders import DIGITS
from tests.screens.widgets.pixels.decoding import KittyTerminal, kitty_cells, rms, unwrapped
from tests.screens.widgets.pixels.test_pixels import bird
from tests.terminal.emulated import KITTY, EmulatedTerminal

pytestmark = pytest.mark.slow
QUERY = next(iter(KITTY))
LEAVE = "\x1b[?1049l"


@pytest.fixture
def files(tmp_path):
    """Twelve pictures, each in another colour."""
    for index in range(12):
        image = Image.blend(bird(160), Image.new("RGB", (160, 160), (20 * index, 90, 40)), 0.5)
        image.save(tmp_path / f"{index:02}.png")
    return sorted(tmp_path.glob("*.png"))


@pytest.fixture
def opened(files):
    """Open the app in a terminal; end it if a test has not."""
    terminals = []

    def open_(renderer, answers=(), **options):
        words = [sys.executable, "-m", "tests.terminal.gallery_app", renderer, *map(str, files)]
        terminals.append(EmulatedTerminal(words, answers, **options))
        return terminals[-1]

    yield open_
    for terminal in terminals:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()


def truth(file, size):
    return Image.open(file).resize(size, Image.Resampling.LANCZOS)


def test_kitty_gets_every_picture_once_and_is_left_with_none(opened, files):
    terminal = opened("auto", KITTY, size=(56, 24))
    terminal.wait("<kitty:>")
    for keys in ("\x1b[B", "\x1b[F", "\x1b[H"):  # down, to the last, to the first
        at = terminal.quiet()
        terminal.press(keys)
        terminal.wait("━", at)
    at = terminal.quiet()
    terminal.press("2")
    terminal.wait("no pictures here", at)
    assert "\U0010eeee" not in terminal.output[at : terminal.quiet()]
    terminal.press("1")
    terminal.wait("\U0010eeee", at)
    terminal.quiet()
    terminal.press("q")
    output = terminal.close()
    kitty = KittyTerminal().read(output[: output.index(LEAVE)])
    assert kitty.pictures == {}, "deleted before the screen is left"
    assert sorted(kitty.removed) == sorted(kitty.sent)
    assert len(kitty.sent) == len(set(kitty.sent)) == len(files)
    before = KittyTerminal().read(output[: output.index("a=d,")])
    for number, file in zip(kitty.sent, files, strict=True):
        assert before.sizes[number] == (16, 8)
        assert rms(before.pictures[number], truth(file, (144, 160))) == 0, file.name
    cells = set(kitty_cells(output, DIGITS))
    every = {(number, row, column) for number in kitty.sent
             for row in range(8) for column in range(16)}  # fmt: skip
    assert cells == every, "every cell of every picture was shown"


def test_through_tmux_where_it_passes_pictures_on(opened, tmp_path):
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "tmux"
    fake.write_text("#!/bin/sh\nprintf 'kitty(0.35.2)\\nxterm-kitty\\non\\n'\n")
    fake.chmod(0o755)
    known = {"TMUX": "/tmp/x,1,0", "PATH": f"{fake.parent}:/usr/bin:/bin"}
    answers = {"\x1b[>0q": "\x1bP>|tmux 3.4\x1b\\", "\x1b[c": "\x1b[?1;2;4c"}
    terminal = opened("auto", answers, environment=known, size=(56, 12), cell=(9, 20))
    terminal.wait("<kitty:>")
    terminal.wait("\U0010eeee")
    terminal.quiet()
    terminal.press("q")
    output = terminal.close()
    kitty = KittyTerminal().read(unwrapped(output))
    assert {number for number, _, _ in kitty_cells(output, DIGITS)} == set(kitty.sent)
    assert sorted(kitty.removed) == sorted(kitty.sent)
    plain = output.replace(QUERY, "")
    assert not KittyTerminal().read(plain).sent, "nothing that tmux would take for its own"


def test_tmux_that_passes_nothing_on_shows_cells(opened, tmp_path):
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "tmux"
    fake.write_text("#!/bin/sh\nprintf 'kitty(0.35.2)\\nxterm-kitty\\noff\\n'\n")
    fake.chmod(0o755)
    known = {"TMUX": "/tmp/x,1,0", "PATH": f"{fake.parent}:/usr/bin:/bin"}
    terminal = opened("auto", environment=known)
    terminal.wait("<sextant:>")
    terminal.press("q")
    assert not KittyTerminal().read(unwrapped(terminal.close())).sent


def test_late_answers_are_no_keys_and_still_change_the_pictures(opened):
    terminal = opened("auto", KITTY, late=1.5)
    at = terminal.wait("<quadrant:>")
    terminal.press("ab")
    at = terminal.wait("<quadrant:ab>", at)
    at = terminal.wait("<kitty:ab>", at)
    terminal.wait("\U0010eeee", at)
    terminal.press("c")
    terminal.wait("<kitty:abc>", at)
    terminal.press("q")
    terminal.close()
    assert terminal.process.returncode == 0


def test_keys_pressed_while_the_terminal_is_asked_reach_the_app(opened):
    answers = {"\x1b[>0q": "x\x1bP>|XTerm(379)\x1b\\y", "\x1b[c": "\x1b[?63;4cz"}
    terminal = opened("auto", answers)
    terminal.wait("<quadrant:xyz>")
    terminal.press("q")
    terminal.close()


def test_a_terminal_that_never_answers_has_cells_and_keys(opened):
    terminal = opened("auto")
    terminal.wait("<quadrant:>")
    terminal.press("k")
    terminal.wait("<quadrant:k>")
    terminal.press("\x1b")  # as an answer begins, but none comes
    terminal.press("m")
    terminal.wait("<quadrant:km>")
    terminal.press("q")
    terminal.close()


def test_bytes_that_are_not_utf_8_are_no_keys_and_do_no_harm(opened):
    terminal = opened("quadrant", KITTY)
    terminal.wait("<quadrant:>")
    for noise in (b"\xff\xfe", b"\xe4", b"\xc3("):  # a terminal of another encoding
        terminal.press(noise)
        terminal.quiet(0.3)
    terminal.press("k")
    terminal.wait("<quadrant:k>")
    terminal.press("q")
    terminal.close()
    assert terminal.process.returncode == 0
