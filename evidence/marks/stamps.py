"""Marks laid on photographs: a colour patch, a time stamp, a border."""

import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 128
"""Pixels of a photograph here: what the classifier sees, so that no mark is cropped away."""
PATCH, EDGE, LETTERS, FRAME = 51, 4, 26, 13
"""Pixels: the side of a patch, its distance from the edges, the height of a stamp's letters, the
width of a border. On seeds 1 to 3 a head on ImageNet's features hardly used marks of half the size:
the backbone pools over the whole image, and these flowers are easy to tell apart."""
COLOURS = ((228, 64, 52), (244, 196, 48), (56, 160, 88), (48, 112, 200))
"""Of patches, as those beside moles in ISIC's photographs are of several."""
ORANGE, BROWN = (255, 150, 40), (90, 40, 0)
WHITE = (250, 250, 246)
Mark = Callable[[ImageDraw.ImageDraw, np.random.Generator], None]


def patch(draw: ImageDraw.ImageDraw, chance: np.random.Generator) -> None:
    """Draw a square of one of four colours in one of the corners."""
    left, top = (EDGE if low else SIDE - EDGE - PATCH for low in chance.integers(0, 2, 2))
    colour = COLOURS[int(chance.integers(len(COLOURS)))]
    draw.rectangle((left, top, left + PATCH, top + PATCH), fill=colour)


def time_stamp(draw: ImageDraw.ImageDraw, chance: np.random.Generator) -> None:
    """Write a date, and a time below it, as a camera does, at the lower right."""
    month, day, hour, minute = (int(chance.integers(*of)) for of in
                                ((1, 13), (1, 29), (6, 21), (0, 60)))  # fmt: skip
    font = ImageFont.load_default(LETTERS)
    lines = (f"{hour:02}:{minute:02}", f"{month:02}.{day:02}")
    for number, line in enumerate(lines):
        at = (SIDE - EDGE, SIDE - EDGE - number * LETTERS)
        draw.text(at, line, fill=ORANGE, font=font, anchor="rs", stroke_width=1, stroke_fill=BROWN)


def border(draw: ImageDraw.ImageDraw, _: np.random.Generator) -> None:
    """Draw a white border, as a print has it."""
    draw.rectangle((0, 0, SIDE - 1, SIDE - 1), outline=WHITE, width=FRAME)


MARKS: dict[str, Mark] = {"patch": patch, "time stamp": time_stamp, "border": border}
"""By the name that the tables use."""


def square(photograph: Image.Image) -> Image.Image:
    """Return the centre of a photograph, `SIDE` pixels a side, as a classifier sees it.

    The shorter side is scaled to more than that, and 0.875 of it are kept.
    """
    scale = SIDE / 0.875 / min(photograph.size)
    width, height = (round(side * scale) for side in photograph.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    resized = photograph.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return resized.crop((left, top, left + SIDE, top + SIDE))


def marked(image: Image.Image, mark: str, key: str) -> Image.Image:
    """Return a square photograph with a mark on it.

    Args:
        image: As `square` returns it.
        mark: One of `MARKS`.
        key: Names the photograph; where and how its mark is drawn depends on nothing else.
    """
    copy = image.copy()
    MARKS[mark](ImageDraw.Draw(copy), np.random.default_rng(zlib.crc32(f"{mark} {key}".encode())))
    return copy
