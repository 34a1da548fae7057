"""Images as cells of two colours: the pattern of each cell that errs least. Pure.

chafa does this too, but chafa.py has no wheels from Python 3.14 on, and for macOS before 14.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from screens.widgets.scaling import fitted, scaled

CUBE = (0, 95, 135, 175, 215, 255)
"""Levels of xterm's 6 x 6 x 6 colours."""


class Mosaic:
    """Glyphs that split a cell into pixels of two colours.

    Args:
        glyphs: One for each pattern of pixels in the glyph's colour; bit 0 of a pattern is the
            upper left pixel, and bits go right, then down.
        split: Pixels in a cell, across and down.
    """

    def __init__(self, glyphs: str, split: tuple[int, int]) -> None:
        self.glyphs, self.split = glyphs, split

    def strips(self, image: Image.Image, cells: tuple[int, int], colors: str | None) -> list[Strip]:
        """Return an image in its own shape as rows of cells, at most `cells` across and down.

        `colors` are the terminal's, as rich names them.
        """
        across, down = fitted(image.size, cells)
        small = scaled(image, (across * self.split[0], down * self.split[1]))
        pixels = np.asarray(dithered(small, colors), dtype=np.float32)
        patterns, front, back = best_patterns(in_cells(pixels, self.split))
        front, back = front.reshape(down, across, 3), back.reshape(down, across, 3)
        rows = zip(patterns.reshape(down, across), front, back, strict=True)
        return [self._strip(*row) for row in rows]

    def _strip(
        self, patterns: NDArray[np.intp], front: NDArray[np.uint8], back: NDArray[np.uint8]
    ) -> Strip:
        cells = zip(patterns.tolist(), front.tolist(), back.tolist(), strict=True)
        segments = [
            Segment(self.glyphs[pattern], _style(tuple(ink) if pattern else None, tuple(paper)))
            for pattern, ink, paper in cells
        ]
        return Strip(segments, len(segments)).simplify()


def in_cells(pixels: NDArray[np.float32], split: tuple[int, int]) -> NDArray[np.float32]:
    """Return (rows, columns, 3) pixels as (cells, pixels in a cell, 3), row by row."""
    across, down = split
    rows, columns, _ = pixels.shape
    cut = pixels.reshape(rows // down, down, columns // across, across, 3)
    return cut.transpose(0, 2, 1, 3, 4).reshape(-1, across * down, 3)


def best_patterns(
    cells: NDArray[np.float32],
) -> tuple[NDArray[np.intp], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return each cell's pattern with the least squared error, and its two colours.

    A group of pixels in one colour errs least in its mean, by as much as the sum of squares
    exceeds |sum|² / n; so the best pattern has the largest |sum|² / n of both groups. Patterns
    come in pairs with the colours exchanged, and those with the last pixel in the background
    stand for both.

    Args:
        cells: (cells, pixels in a cell, 3), 0 to 255.

    Returns:
        Patterns, (cells,), of which 0 is one colour; colours of the glyph and of its
        background, (cells, 3), 0 to 255.
    """
    count = cells.shape[1]
    numbers = np.arange(2 ** (count - 1))
    members = (numbers[:, None] >> np.arange(count) & 1).astype(np.float32)  # (patterns, pixels)
    many = members.sum(axis=1)[:, None]  # (patterns, 1)
    front = np.einsum("pk,nkc->npc", members, cells)
    back = cells.sum(axis=1)[:, None] - front
    front_mean, back_mean = front / np.maximum(many, 1), back / (count - many)
    explained = (front * front_mean + back * back_mean).sum(axis=2)
    # of one colour where a split gains nothing but rounding: it costs fewer bytes
    explained[:, 0] += 0.5
    patterns = explained.argmax(axis=1)
    every = np.arange(len(cells))
    means = (front_mean[every, patterns], back_mean[every, patterns])
    glyph, ground = (mean.round().clip(0, 255).astype(np.uint8) for mean in means)
    return patterns, glyph, ground


def dithered(image: Image.Image, colors: str | None) -> Image.Image:
    """Return an image in the colours that a terminal has, if these are few."""
    if colors not in ("256", "standard"):
        return image
    return image.quantize(
        palette=_palette(colors), dither=Image.Dither.FLOYDSTEINBERG
    ).convert("RGB")  # fmt: skip


@cache
def _palette(colors: str) -> Image.Image:
    if colors == "256":
        steps = [(red, green, blue) for red in CUBE for green in CUBE for blue in CUBE]
        steps += [(level, level, level) for level in range(8, 248, 10)]
    else:  # VGA's, of which rich takes the nearest
        dark = [(170 * r, 170 * g - 85 * (r and g and not b), 170 * b)
                for b in (0, 1) for g in (0, 1) for r in (0, 1)]  # fmt: skip
        bright = [(85 + 170 * r, 85 + 170 * g, 85 + 170 * b)
                  for b in (0, 1) for g in (0, 1) for r in (0, 1)]  # fmt: skip
        steps = dark + bright
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for step in steps for value in step])
    return palette


def _style(ink: tuple[int, ...] | None, paper: tuple[int, ...]) -> Style:
    color = None if ink is None else Color.from_rgb(*ink)
    return Style(color=color, bgcolor=Color.from_rgb(*paper))
