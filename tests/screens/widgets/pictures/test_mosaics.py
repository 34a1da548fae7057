"""Quadrants and sextants, read back by the names that Unicode gives the glyphs."""

import re
import unicodedata
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageDraw
from rich.cells import cell_len
from rich.color import ColorSystem, ColorType

from screens.widgets.mosaic import best_patterns
from screens.widgets.pictures.base import RENDERERS, Terminal
from screens.widgets.pictures.quadrant import GLYPHS as QUADRANTS
from screens.widgets.pictures.sextant import GLYPHS as SEXTANTS

VGA = (
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
PLACES = {"UPPER LEFT": (0, 0), "UPPER RIGHT": (0, 1), "LOWER LEFT": (1, 0), "LOWER RIGHT": (1, 1)}


def inked(glyph, name):
    """(rows, 2): which pixels are the glyph's colour, by its name in Unicode."""
    rows = {"quadrant": 2, "sextant": 3, "half": 2}[name]
    mask = np.zeros((rows, 2), dtype=bool)
    title = unicodedata.name(glyph)
    if name == "sextant" and title.startswith("BLOCK SEXTANT-"):
        for digit in title.removeprefix("BLOCK SEXTANT-"):
            mask.flat[int(digit) - 1] = True
    elif title.startswith("QUADRANT"):
        for place in re.findall("(?:UPPER|LOWER) (?:LEFT|RIGHT)", title):
            mask[PLACES[place]] = True
    else:
        whole = {"SPACE": (), "FULL BLOCK": np.s_[:], "UPPER HALF BLOCK": np.s_[0],
                 "LOWER HALF BLOCK": np.s_[1], "LEFT HALF BLOCK": np.s_[:, 0],
                 "RIGHT HALF BLOCK": np.s_[:, 1]}[title]  # fmt: skip
        if title != "SPACE":
            mask[whole] = True
    return mask


def shade(color):
    """A colour as VGA shows it; rich takes the nearest of these, but would show its own theme's."""
    if color.type is ColorType.STANDARD:
        code = VGA.split()[color.number]
        return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)
    return color.get_truecolor()


def seen(strips, name, system=ColorSystem.TRUECOLOR):
    """The pixels that a terminal shows, (rows, columns, 3)."""
    rows = []
    for strip in strips:
        cells = []
        for segment in strip:
            colors = [
                None if color is None else shade(color.downgrade(system))
                for color in (segment.style.color, segment.style.bgcolor)
            ]
            for glyph in segment.text:
                mask = inked(glyph, name)
                ink = colors[0] or colors[1]
                cells.append(np.where(mask[..., None], ink, colors[1]))
        rows.append(np.concatenate(cells, axis=1))
    return np.concatenate(rows).astype(float)


def petals():
    """A picture of curves on a gradient."""
    side = 240
    across = np.linspace(30, 120, side)
    image = Image.fromarray(np.stack([np.tile(across, (side, 1))] * 3, 2).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for angle in range(0, 360, 45):
        x, y = 120 + 70 * np.cos(np.radians(angle)), 120 + 70 * np.sin(np.radians(angle))
        pen.ellipse((x - 32, y - 32, x + 32, y + 32), fill=(220, 60 + angle // 3, 150))
    pen.ellipse((90, 90, 150, 150), fill=(250, 220, 40))
    return image


def error(name, colors="truecolor", system=ColorSystem.TRUECOLOR, grid=96):
    """The root mean square error of a picture in 16 x 8 cells, by the means of a grid."""
    image = petals()
    strips = RENDERERS.get(name).render(image, (16, 8), Terminal({}, colors))
    pixels = seen(strips, name, system)
    fine = pixels.repeat(96 // pixels.shape[0], 0).repeat(96 // pixels.shape[1], 1)
    coarse = fine.reshape(grid, 96 // grid, grid, 96 // grid, 3).mean(axis=(1, 3))
    truth = np.asarray(image.resize((grid, grid), Image.Resampling.BOX), float)
    return np.sqrt(((coarse - truth) ** 2).mean())


@pytest.mark.parametrize(("name", "glyphs"), [("quadrant", QUADRANTS), ("sextant", SEXTANTS)])
def test_a_glyph_shows_its_pattern_in_one_cell(name, glyphs):
    for pattern, glyph in enumerate(glyphs):
        assert cell_len(glyph) == 1
        bits = [pattern >> i & 1 for i in range(inked(glyph, name).size)]
        assert inked(glyph, name).ravel().tolist() == bits
    assert len(set(glyphs)) == len(glyphs)


@pytest.mark.parametrize(("split", "count"), [((2, 2), 4), ((2, 3), 6)], ids=str)
def test_no_other_pattern_errs_less(split, count):
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (20, count, 3)).astype(np.float32)
    patterns, front, back = best_patterns(cells)
    for cell, pattern, ink, paper in zip(cells, patterns, front, back, strict=True):
        mask = np.array([pattern >> i & 1 for i in range(count)], dtype=bool)
        ours = ((np.where(mask[:, None], ink.astype(float), paper) - cell) ** 2).sum()
        least = min(
            sum(((cell[np.array(m) == side] - cell[np.array(m) == side].mean(0)) ** 2).sum()
                for side in (0, 1) if side in m)
            for m in product((0, 1), repeat=count)
        )  # fmt: skip
        assert ours == pytest.approx(least, abs=2 * count, rel=0.01), "but for rounding"


def test_an_even_cell_is_a_blank_in_one_colour():
    [strip] = RENDERERS.get("sextant").render(
        Image.new("RGB", (60, 15), (10, 20, 30)), (8, 1), Terminal({}, "truecolor")
    )
    assert strip.text == " " * 8
    assert len(list(strip)) == 1


def test_denser_cells_are_nearer_to_the_picture():
    half, quadrant, sextant = (error(name) for name in ("half", "quadrant", "sextant"))
    assert sextant < quadrant < half
    assert sextant < 0.75 * half


@pytest.mark.parametrize(
    ("colors", "system"), [("256", ColorSystem.EIGHT_BIT), ("standard", ColorSystem.STANDARD)]
)
def test_few_colours_are_dithered(colors, system):
    """A grey that the terminal lacks is the mean of those it has."""
    grey = Image.new("RGB", (64, 64), (125, 128, 133))
    strips = RENDERERS.get("sextant").render(grey, (16, 8), Terminal({}, colors))
    mean = seen(strips, "sextant", system).mean(axis=(0, 1))
    assert mean == pytest.approx([125, 128, 133], abs=12)
    assert error("sextant", colors, system, 8) < 0.8 * error("half", colors, system, 8)


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (4000, 10), (10, 4000), (3, 3)], ids=str)
@pytest.mark.parametrize("name", ["quadrant", "sextant"])
def test_the_cells_are_those_of_half_blocks(name, size):
    image, terminal = Image.new("RGB", size), Terminal({}, "truecolor")
    ours, halves = (RENDERERS.get(one).render(image, (16, 8), terminal) for one in (name, "half"))
    assert [strip.cell_length for strip in ours] == [strip.cell_length for strip in halves]


@pytest.mark.parametrize(
    ("environment", "sextants", "quadrants"),
    [
        ({"TERM": "xterm-kitty"}, True, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, True, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "5202"}, False, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "1"}, True, True),
        ({"TERM": "xterm-256color"}, False, True),
        ({"TERM": "linux"}, False, False),
        ({}, False, False),
    ],
    ids=str,
)
def test_which_terminals_have_the_glyphs(environment, sextants, quadrants):
    terminal = Terminal(environment, "truecolor")
    assert RENDERERS.get("sextant").supported(terminal) is sextants
    assert RENDERERS.get("quadrant").supported(terminal) is quadrants
