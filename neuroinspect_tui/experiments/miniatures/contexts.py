"""Contexts in which animals are: grounds out of doors, and things indoors."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from neuroinspect_tui.demo.places import SIDE, Array, field, lake, rocks, sea

Rng = np.random.Generator
Pen = ImageDraw.ImageDraw


def _room(rng: Rng) -> Array:
    """Return a wall and a floor of random colours."""
    line = int(rng.uniform(0.5, 0.75) * SIDE)
    wall, floor = rng.uniform(90, 235, 3), rng.uniform(60, 200, 3)
    values = np.empty((SIDE, SIDE, 3), dtype=np.float32)
    values[:line], values[line:] = wall, floor
    return (values + rng.normal(0, 6, (SIDE, SIDE, 1))).astype(np.float32)


def _with(values: Array, draw: Callable[[Pen], None]) -> Array:
    image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    draw(ImageDraw.Draw(image))
    return np.asarray(image, dtype=np.float32)


def _shade(rng: Rng, low: float, high: float) -> tuple[int, int, int]:
    base = rng.uniform(low, high)
    red, green, blue = (base + rng.normal(0, 18, 3)).clip(0, 255).astype(int).tolist()
    return red, green, blue


def chair(rng: Rng) -> Array:
    """A chair's back with rails, a seat and legs."""

    def draw(pen: Pen) -> None:
        colour, x = _shade(rng, 40, 150), rng.uniform(0.12, 0.3) * SIDE
        wide, top = rng.uniform(0.5, 0.65) * SIDE, rng.uniform(0.05, 0.18) * SIDE
        seat = rng.uniform(0.62, 0.74) * SIDE
        for place in np.linspace(0, 1, rng.integers(4, 7)):
            pen.line([(x + place * wide, top), (x + place * wide, seat)], colour, 5)
        pen.rectangle((x - 4, top - 3, x + wide + 4, top + 7), fill=colour)
        pen.rectangle((x - 8, seat, x + wide + 8, seat + 9), fill=colour)
        for place in (0.0, 1.0):
            pen.line([(x + place * wide, seat), (x + place * wide, SIDE)], colour, 7)

    return _with(_room(rng), draw)


def book(rng: Rng) -> Array:
    """An open book with lines of text."""

    def draw(pen: Pen) -> None:
        x, y = rng.uniform(0.4, 0.6) * SIDE, rng.uniform(0.52, 0.62) * SIDE
        half, high, slant = rng.uniform(0.36, 0.46) * SIDE, 0.36 * SIDE, rng.uniform(4, 12)
        paper = _shade(rng, 225, 250)
        for side in (-1, 1):
            edge = x + side * half
            pen.polygon([(x, y), (edge, y - slant), (edge, y + high - slant), (x, y + high)], paper,
                        (70, 60, 50))  # fmt: skip
            for row in range(6):
                at = y + (row + 1) * high / 8
                pen.line([(x + side * 6, at), (edge - side * 6, at - slant)], (60, 60, 70), 2)
        pen.line([(x, y), (x, y + high)], (70, 60, 50), 3)

    return _with(_room(rng), draw)


def keyboard(rng: Rng) -> Array:
    """Rows of keys."""

    def draw(pen: Pen) -> None:
        case, caps = _shade(rng, 30, 90), _shade(rng, 150, 240)
        if rng.random() < 0.5:
            case, caps = caps, case
        x, y = rng.uniform(0.02, 0.1) * SIDE, rng.uniform(0.56, 0.68) * SIDE
        pen.rectangle((x, y, SIDE - x, y + 48), fill=case)
        for row in range(4):
            for key in range(int((SIDE - 2 * x - 6) // 10)):
                left = x + 4 + key * 10 + row % 2 * 3
                pen.rectangle((left, y + 4 + row * 11, left + 7, y + 11 + row * 11), fill=caps)

    return _with(_room(rng), draw)


def sand(rng: Rng) -> Array:
    """Dunes of sand with ripples."""
    values = np.empty((SIDE, SIDE, 3), dtype=np.float32)
    values[:] = np.array((214, 188, 134)) + rng.normal(0, 12) + rng.normal(0, 5, 3)
    values += rng.normal(0, 9, (SIDE, SIDE, 1)).astype(np.float32)

    def draw(pen: Pen) -> None:
        x = np.arange(0, SIDE + 4, 4)
        for y in np.arange(rng.uniform(6, 14), SIDE, rng.uniform(11, 16)):
            wave = y + 3 * np.sin(x / rng.uniform(8, 14) + rng.uniform(0, 6))
            points = [(float(a), float(b)) for a, b in zip(x, wave, strict=True)]
            pen.line(points, fill=(178, 150, 98), width=2)

    return _with(values, draw)


def snow(rng: Rng) -> Array:
    """White ground, a pale sky and flakes."""
    line = int(rng.uniform(0.25, 0.5) * SIDE)
    values = np.empty((SIDE, SIDE, 3), dtype=np.float32)
    values[:line] = np.array((176, 190, 206)) + rng.normal(0, 12)
    values[line:] = np.array((236, 240, 246)) + rng.normal(0, 5)

    def draw(pen: Pen) -> None:
        for x, y in rng.uniform(0, SIDE, (70, 2)):
            pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=(252, 252, 255))

    return _with(values, draw)


def fence(rng: Rng) -> Array:
    """Pickets and two rails before grass."""
    values = field(rng)

    def draw(pen: Pen) -> None:
        colour, wide = _shade(rng, 120, 240), rng.uniform(8, 12)
        top, step = rng.uniform(0.12, 0.28) * SIDE, rng.uniform(17, 23)
        for x in np.arange(rng.uniform(-8, 4), SIDE, step):
            corners = [(x, SIDE), (x, top), (x + wide / 2, top - 8), (x + wide, top),
                       (x + wide, SIDE)]  # fmt: skip
            pen.polygon(corners, fill=colour)
        for y in (top + 14, top + 60):
            pen.rectangle((0, y, SIDE, y + 6), fill=colour)

    return _with(values, draw)


def water(rng: Rng) -> Array:
    """A lake or the sea."""
    return lake(rng) if rng.random() < 0.5 else sea(rng)


CONTEXTS: dict[str, Callable[[Rng], Array]] = {
    "book": book,
    "chair": chair,
    "fence": fence,
    "grass": field,
    "keyboard": keyboard,
    "rock": rocks,
    "sand": sand,
    "snow": snow,
    "water": water,
}
"""By the words that name them."""
