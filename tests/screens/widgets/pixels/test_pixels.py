"""Pictures in pixels, read back from the bytes that a terminal gets."""

import base64
import io
import re
import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageDraw
from rich.cells import cell_len
from rich.console import Console
from textual.strip import Strip

from screens.widgets.pictures.base import RENDERERS, Terminal
from screens.widgets.pixels import placeholders
from screens.widgets.pixels.painter import BlankPainter
from screens.widgets.pixels.placeholders import DIGITS, MOST, Part, parts, row_text
from tests.screens.widgets.pixels.decoding import (
    ITERM,
    SIXEL,
    KittyTerminal,
    kitty_cells,
    rms,
    sixel_image,
    unwrapped,
)

TERMINAL = Terminal({}, "truecolor", cell=(9, 20))
CONSOLE = Console(force_terminal=True, color_system="truecolor")


def bird(side=180):
    """A picture of which no two parts are alike."""
    across, down = np.meshgrid(np.linspace(0, 255, side), np.linspace(0, 255, side))
    image = Image.fromarray(np.stack([across, down, 255 - across], 2).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    pen.ellipse((side // 4, side // 3, 3 * side // 4, 2 * side // 3), fill=(200, 30, 40))
    pen.line((0, side, side, 0), fill=(250, 250, 250), width=3)
    return image


def rendered(name, image, cells, terminal=TERMINAL):
    return RENDERERS.get(name).render(image, cells, terminal)


def written(strips):
    """What Textual would write."""
    return "\r\n".join(strip.render(CONSOLE) for strip in strips)


def test_digits_are_kittys():
    assert len(DIGITS) == len(set(DIGITS)) == MOST == 297
    assert {unicodedata.combining(digit) for digit in DIGITS} == {230}
    assert [f"{ord(digit):04X}" for digit in DIGITS[:4]] == ["0305", "030D", "030E", "0310"]
    assert f"{ord(DIGITS[-1]):X}" == "1D244"


@pytest.mark.parametrize("number", [0, 1, 296, 297, 12_345, placeholders.NUMBERS - 1])
def test_cells_are_one_wide_and_say_their_part(number):
    text = row_text(number, 7, 297)
    assert cell_len(text) == 297
    assert parts(text) == [Part(number, 7, 0, 297)]


def test_a_cut_strip_keeps_the_right_cells():
    strip = Strip.join([Strip.blank(3), rendered("kitty", bird(), (16, 8))[2], Strip.blank(2)])
    [part] = parts("".join(s.text for s in strip.crop(5, 11)).strip())
    assert (part.row, part.first, part.count) == (2, 2, 6)
    left, right = strip.divide([9, strip.cell_length])
    assert parts(left.text.strip())[0].count == 6
    assert parts(right.text.strip())[0].first == 6


def test_neighbours_of_two_pictures_are_two_parts():
    text = row_text(1, 0, 3) + row_text(2, 0, 2) + row_text(2, 1, 1)
    assert parts(text) == [Part(1, 0, 0, 3), Part(2, 0, 0, 2), Part(2, 1, 0, 1)]


@pytest.mark.parametrize("tmux", [False, True])
def test_kitty_has_the_pixels_once_and_cells_for_all_of_them(tmux):
    image, seen = bird(), Terminal({}, "truecolor", cell=(9, 20), tmux=tmux)
    strips = rendered("kitty", image, (20, 9), seen)
    painter = RENDERERS.get("kitty").painter(seen)
    text = painter.paint(written(strips))
    assert ("\x1bPtmux;" in text) is tmux
    terminal = KittyTerminal().read(unwrapped(text))
    [(number, shown)] = terminal.pictures.items()
    assert terminal.sizes[number] == (20, 9) == (strips[0].cell_length, len(strips))
    assert rms(shown, image.resize((180, 180), Image.Resampling.LANCZOS)) == 0
    every = [(number, row, column) for row in range(9) for column in range(20)]
    assert kitty_cells(text, DIGITS) == every
    again = painter.paint(written(strips))
    assert KittyTerminal().read(unwrapped(again)).sent == [], "sent once"
    assert kitty_cells(again, DIGITS) == every


def test_kitty_is_told_to_forget_what_nothing_shows():
    painter = RENDERERS.get("kitty").painter(TERMINAL)
    first, second = rendered("kitty", bird(), (8, 4)), rendered("kitty", bird(90), (8, 4))
    terminal = KittyTerminal().read(painter.paint(written([*first, *second])))
    assert len(terminal.pictures) == 2
    del first
    terminal.read(painter.paint("something else"))
    assert terminal.removed == terminal.sent[:1]
    terminal.read(painter.forget())
    assert terminal.pictures == {}
    assert terminal.read(painter.paint(written(second))).sent[-1] == terminal.sent[1]


def whole(text, shape):
    """What the images in some text show, one below the other and side by side."""
    rows = []
    for line in text.split("\r\n"):
        images = [sixel_image(data) for _, data in SIXEL.findall(line)]
        assert all(drawn.all() for _, drawn in images), "every pixel of the cells is drawn"
        images = [pixels for pixels, _ in images]
        for keys, code in ITERM.findall(line):
            assert "preserveAspectRatio=0" in keys
            images.append(np.asarray(Image.open(io.BytesIO(base64.b64decode(code)))))
        rows.append(np.concatenate(images, axis=1))
    pixels = np.concatenate(rows)
    assert pixels.shape[:2] == shape
    return pixels


@pytest.mark.parametrize(("name", "error"), [("sixel", 8), ("iterm", 0)])
def test_rows_of_pixels_are_the_picture(name, error):
    image = bird()
    painter = RENDERERS.get(name).painter(TERMINAL)
    rows = rendered(name, image, (20, 9))
    text = painter.paint(written(rows))
    assert rms(whole(text, (180, 180)), image) <= error
    assert placeholders.PLACEHOLDER not in text


@pytest.mark.parametrize(("name", "error"), [("sixel", 8), ("iterm", 0)])
def test_a_part_is_the_part(name, error):
    image = bird()
    painter = RENDERERS.get(name).painter(TERMINAL)
    rows = rendered(name, image, (20, 9))
    text = painter.paint(written([strip.crop(3, 11) for strip in rows[2:5]]))
    assert rms(whole(text, (60, 72)), image.crop((27, 40, 99, 100))) <= error


@pytest.mark.parametrize("name", ["sixel", "iterm"])
def test_the_cursor_ends_where_text_would_and_the_cells_are_blanked(name):
    painter = RENDERERS.get(name).painter(TERMINAL)
    rows = rendered(name, bird(), (4, 2))
    text = painter.paint(f"ab{rows[0].render(CONSOLE)}cd")
    plain = ITERM.sub("", SIXEL.sub("", text))
    assert re.fullmatch(r"ab\x1b7 {4}\x1b8\x1b8\x1b\[4Ccd", plain)


def test_blanks_where_a_picture_cannot_be_drawn():
    strips = rendered("sixel", bird(), (4, 2))
    other_font = Terminal({}, "truecolor", cell=(7, 15))
    for painter in (
        RENDERERS.get("sixel").painter(other_font), RENDERERS.get("kitty").painter(TERMINAL),
        RENDERERS.get("iterm").painter(TERMINAL), BlankPainter(),
    ):  # fmt: skip
        assert painter.paint(written(strips)) == "    \r\n    "
    text = written(strips)
    del strips
    assert RENDERERS.get("sixel").painter(TERMINAL).paint(text) == "    \r\n    "


def test_what_is_no_picture_is_left_alone():
    text = "\x1b[1mné 花\x1b[0m \x1b_Gi=1;\x1b\\"
    for name in ("kitty", "sixel", "iterm"):
        assert RENDERERS.get(name).painter(TERMINAL).paint(text) == text


def test_nothing_is_drawn_on_the_last_line_which_would_scroll():
    strips = rendered("sixel", bird(), (4, 2))
    painter = RENDERERS.get("sixel").painter(TERMINAL)
    text = "".join(f"\x1b[{line};3H{strip.render(CONSOLE)}" for line, strip in enumerate(strips, 9))
    assert len(SIXEL.findall(painter.paint(text, 24))) == 2
    assert painter.paint(text, 10).endswith("\x1b[10;3H    ")
    assert len(SIXEL.findall(painter.paint(text, 10))) == 1
