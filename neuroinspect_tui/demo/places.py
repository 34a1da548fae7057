"""Backgrounds of land and water: layers of noise, gradients and shapes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Generator = np.random.Generator
Array = NDArray[np.float32]
Colour = tuple[float, float, float]
SIDE = 128
"""Pixels a side of the drawing; finished pictures have half of it."""


def _noise(rng: Generator, cells: int, strength: float, wide: int = 1) -> Array:
    """Return smooth noise (SIDE, SIDE, 1) of `cells` cells a side, `wide` times as wide as high."""
    small = rng.normal(0, 1, (cells * wide, cells)).astype(np.float32)
    large = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(large, dtype=np.float32)[..., None] * np.float32(strength)


def _gradient(top: Colour, bottom: Colour) -> Array:
    share = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    plane = (1 - share) * np.array(top) + share * np.array(bottom)
    return np.broadcast_to(plane, (SIDE, SIDE, 3)).astype(np.float32)


def _shaded(rng: Generator, colour: Colour, spread: float = 14) -> Colour:
    shift = rng.normal(0, spread)
    drift = rng.normal(0, spread / 2, 3)
    return tuple(float(c + shift + d) for c, d in zip(colour, drift, strict=True))  # type: ignore[return-value]


def _below(values: Array, other: Array, line: int) -> Array:
    return np.concatenate([values[:line], other[line:]])


def _drawn(values: Array, draw: Callable[[ImageDraw.ImageDraw], None]) -> Array:
    image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    draw(ImageDraw.Draw(image))
    return np.asarray(image, dtype=np.float32)


def _ink(colour: Colour) -> tuple[int, int, int]:
    return tuple(int(min(255, max(0, c))) for c in colour)  # type: ignore[return-value]


def forest(rng: Generator) -> Array:
    """Trunks before dark leaves."""
    values = _gradient(_shaded(rng, (60, 92, 48)), _shaded(rng, (44, 60, 32)))
    values = values + _noise(rng, 24, 16) + _noise(rng, 8, 14)

    def trunks(pen: ImageDraw.ImageDraw) -> None:
        for x in rng.uniform(0, SIDE, rng.integers(3, 7)):
            width = rng.uniform(4, 14)
            lean = rng.normal(0, 5)
            corners = [(x, 0), (x + width, 0), (x + width + lean, SIDE), (x + lean, SIDE)]
            pen.polygon(corners, fill=_ink(_shaded(rng, (82, 60, 40))))

    return np.add(_drawn(values, trunks), _noise(rng, 32, 9))


def field(rng: Generator) -> Array:
    """Grass under a pale sky."""
    line = int(rng.uniform(0.2, 0.5) * SIDE)
    sky = _gradient(_shaded(rng, (206, 214, 214)), _shaded(rng, (226, 224, 206)))
    grass = _gradient(_shaded(rng, (138, 150, 66)), _shaded(rng, (92, 122, 48)))
    values = _below(sky, grass + _noise(rng, 20, 10), line)

    def blades(pen: ImageDraw.ImageDraw) -> None:
        for x in rng.uniform(0, SIDE, 90):
            y = rng.uniform(line, SIDE)
            tip = (x + rng.normal(0, 3), y - rng.uniform(4, 14))
            pen.line([(x, y), tip], fill=_ink(_shaded(rng, (112, 138, 54), 22)), width=2)

    return _drawn(values, blades)


def rocks(rng: Generator) -> Array:
    """Boulders on dry ground."""
    values = _gradient(_shaded(rng, (190, 176, 150)), _shaded(rng, (142, 118, 88)))
    values = values + _noise(rng, 12, 10)

    def boulders(pen: ImageDraw.ImageDraw) -> None:
        for _ in range(rng.integers(7, 13)):
            x, y = rng.uniform(0, SIDE), rng.uniform(0.25, 1) * SIDE
            size = rng.uniform(8, 30)
            angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
            corners = [
                (x + size * np.cos(a) * rng.uniform(0.8, 1.3), y + 0.7 * size * np.sin(a))
                for a in angles
            ]
            pen.polygon(corners, fill=_ink(_shaded(rng, (128, 116, 104), 24)))

    return np.add(_drawn(values, boulders), _noise(rng, 40, 8))


def lake(rng: Generator) -> Array:
    """Still water with a distant bank."""
    line = int(rng.uniform(0.15, 0.4) * SIDE)
    sky = _gradient(_shaded(rng, (196, 212, 226)), _shaded(rng, (214, 220, 222)))
    water = _gradient(_shaded(rng, (112, 152, 170)), _shaded(rng, (62, 108, 138)))
    values = _below(sky, water + _noise(rng, 4, 9, wide=10), line)
    bank = int(rng.uniform(3, 9))
    values[line - bank : line] = np.array(_shaded(rng, (84, 104, 72)))
    return np.add(values, _noise(rng, 24, 3))


def sea(rng: Generator) -> Array:
    """Waves with crests."""
    line = int(rng.uniform(0.1, 0.35) * SIDE)
    sky = _gradient(_shaded(rng, (176, 200, 222)), _shaded(rng, (206, 216, 224)))
    water = _gradient(_shaded(rng, (56, 104, 148)), _shaded(rng, (30, 74, 120)))
    values = _below(sky, water + _noise(rng, 6, 12, wide=5), line)

    def crests(pen: ImageDraw.ImageDraw) -> None:
        x = np.arange(0, SIDE + 4, 4)
        for _ in range(rng.integers(5, 10)):
            y = rng.uniform(line + 4, SIDE)
            wave = y + rng.uniform(1, 3) * np.sin(x / rng.uniform(5, 11) + rng.uniform(0, 6))
            start = rng.integers(0, len(x) - 8)
            stop = start + rng.integers(6, 22)
            points = list(zip(x[start:stop], wave[start:stop], strict=True))
            pen.line(points, fill=_ink(_shaded(rng, (170, 198, 214), 16)), width=2)

    return _drawn(values, crests)


def shore(rng: Generator) -> Array:
    """Water, foam, wet sand."""
    line = int(rng.uniform(0.55, 0.8) * SIDE)
    water = _gradient(_shaded(rng, (92, 146, 172)), _shaded(rng, (112, 168, 180)))
    sand = _gradient(_shaded(rng, (168, 156, 132)), _shaded(rng, (198, 182, 146)))
    values = _below(water + _noise(rng, 6, 11, wide=6), sand + _noise(rng, 28, 6), line)
    foam = line + (5 * np.sin(np.arange(SIDE) / rng.uniform(6, 14))).astype(int)
    for depth in range(int(rng.uniform(3, 7))):
        values[(foam + depth).clip(0, SIDE - 1), np.arange(SIDE)] = (228, 234, 234)
    return values


LAND: dict[str, Callable[[Generator], Array]] = {
    "forest": forest,
    "field": field,
    "rocks": rocks,
}
WATER: dict[str, Callable[[Generator], Array]] = {"lake": lake, "sea": sea, "shore": shore}
