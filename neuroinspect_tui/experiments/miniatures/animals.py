"""Five kinds of animals, drawn by their proportions: they vary in pose, size and colour."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from neuroinspect_tui.demo.birds import LANDBIRDS, WATERBIRDS, draw_bird
from neuroinspect_tui.demo.places import SIDE

Colour = tuple[int, ...]
Box = tuple[float, float, float, float]
BIRD = "bird"
COLOURING = 0.7
"""Weight of a kind's own colours, 0 to 1, against random ones."""


@dataclass(frozen=True)
class Animal:
    """An animal on four legs; lengths are shares of its body's."""

    height: float
    leg: float
    head: float
    """Radius."""
    raised: float
    """Of the head over the body's middle."""
    ears: str
    """`round`, `pointed`, `floppy` or `large`."""
    snout: float
    tail: float
    trunk: bool
    colours: tuple[tuple[int, int, int], ...]


ANIMALS = {
    "bear": Animal(0.72, 0.24, 0.21, 0.10, "round", 0.12, 0.04, False,
                   ((94, 66, 46), (52, 44, 42), (222, 216, 204))),
    "cat": Animal(0.42, 0.34, 0.16, 0.24, "pointed", 0.02, 0.62, False,
                  ((206, 144, 84), (124, 120, 118), (58, 54, 54))),
    "dog": Animal(0.44, 0.42, 0.17, 0.26, "floppy", 0.20, 0.34, False,
                  ((172, 128, 84), (226, 208, 176), (92, 72, 58))),
    "elephant": Animal(0.78, 0.40, 0.24, 0.12, "large", 0.06, 0.24, True,
                       ((138, 138, 142), (116, 112, 112), (156, 146, 140))),
}  # fmt: skip
KINDS = tuple(sorted((*ANIMALS, BIRD)))


def draw_kind(kind: str, rng: np.random.Generator, size: float) -> Image.Image:
    """Return an animal as an RGBA layer (SIDE, SIDE), its body so large a share of the side."""
    if kind == BIRD:
        species = (*LANDBIRDS, *WATERBIRDS)[rng.integers(0, len(LANDBIRDS) + len(WATERBIRDS))]
        return draw_bird(species, rng, size=size, colouring=COLOURING)
    animal = ANIMALS[kind]
    layer = Image.new("RGBA", (SIDE, SIDE))
    pen = ImageDraw.Draw(layer)
    length = size * SIDE * rng.uniform(0.85, 1.15)
    colour = _coat(animal.colours[rng.integers(0, len(animal.colours))], rng)
    x, y = SIDE * rng.uniform(0.40, 0.56), SIDE * rng.uniform(0.46, 0.60)
    high = length * animal.height * rng.uniform(0.9, 1.1)
    _legs(pen, animal, (x, y), (length, high), _darker(colour, 0.8), rng)
    _tail(pen, animal, (x - 0.44 * length, y), length, colour, rng)
    pen.ellipse(_box(x, y, length, high), fill=colour)
    _head(pen, animal, (x + 0.50 * length, y - animal.raised * length), length, colour)
    layer = layer.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR, center=(x, y))
    return layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else layer


def _coat(own: tuple[int, int, int], rng: np.random.Generator) -> Colour:
    usual = rng.uniform(50, 215) + rng.normal(0, 26, 3)
    mixed = COLOURING * np.array(own) + (1 - COLOURING) * usual + rng.normal(0, 10, 3)
    return (*(int(c) for c in mixed.clip(0, 255)), 255)


def _darker(colour: Colour, share: float) -> Colour:
    return (*(int(c * share) for c in colour[:3]), 255)


def _box(x: float, y: float, width: float, height: float) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _legs(
    pen: ImageDraw.ImageDraw, animal: Animal, at: tuple[float, float],
    size: tuple[float, float], colour: Colour, rng: np.random.Generator,
) -> None:  # fmt: skip
    (x, y), (length, high) = at, size
    width = max(3, int(length * (0.16 if animal.height > 0.6 else 0.09)))
    for shift in (-0.34, -0.20, 0.20, 0.34):
        top = (x + shift * length, y + 0.2 * high)
        step = rng.normal(0, 0.05) * length
        pen.line([top, (top[0] + step, y + high / 2 + animal.leg * length)], colour, width)


def _tail(
    pen: ImageDraw.ImageDraw, animal: Animal, at: tuple[float, float], length: float,
    colour: Colour, rng: np.random.Generator,
) -> None:  # fmt: skip
    if animal.tail < 0.1:
        return
    (x, y), long = at, animal.tail * length
    rise = rng.uniform(0.3, 1.0) if not animal.trunk else -0.7
    bend = (x - 0.6 * long, y - 0.2 * rise * long)
    tip = (x - 0.8 * long, y - rise * long)
    pen.line([(x + 3, y), bend, tip], colour, max(2, int(0.06 * length)), joint="curve")


def _head(
    pen: ImageDraw.ImageDraw, animal: Animal, at: tuple[float, float], length: float, colour: Colour
) -> None:
    (x, y), radius = at, animal.head * length
    EARS[animal.ears](pen, (x, y), radius, _darker(colour, 0.7))
    pen.ellipse(_box(x, y, 2 * radius, 2 * radius), fill=colour)
    if animal.snout:
        end = x + radius + animal.snout * length
        pen.ellipse((x + 0.3 * radius, y - 0.1 * radius, end, y + 0.8 * radius), fill=colour)
        pen.ellipse(_box(end, y + 0.25 * radius, 0.4 * radius, 0.4 * radius), (24, 20, 20, 255))
    if animal.trunk:
        points = [(x + 0.7 * radius, y), (x + 1.5 * radius, y + 1.2 * radius),
                  (x + 1.3 * radius, y + 2.6 * radius)]  # fmt: skip
        pen.line(points, colour, max(3, int(0.5 * radius)), joint="curve")
    pen.ellipse(_box(x + 0.3 * radius, y - 0.3 * radius, 0.3 * radius, 0.3 * radius), (15, 15, 15))


def _round(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], radius: float, colour: Colour
) -> None:
    for shift in (-0.7, 0.7):
        pen.ellipse(_box(at[0] + shift * radius, at[1] - 0.8 * radius, radius, radius), colour)


def _pointed(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], radius: float, colour: Colour
) -> None:
    x, y = at
    for shift in (-0.6, 0.6):
        left, right = x + (shift - 0.4) * radius, x + (shift + 0.4) * radius
        tip = (x + 1.2 * shift * radius, y - 1.9 * radius)
        pen.polygon([(left, y - 0.5 * radius), tip, (right, y - 0.5 * radius)], colour)


def _floppy(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], radius: float, colour: Colour
) -> None:
    pen.ellipse(_box(at[0] - 0.9 * radius, at[1] + 0.3 * radius, 0.8 * radius, 2 * radius), colour)


def _large(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], radius: float, colour: Colour
) -> None:
    pen.ellipse(_box(at[0] - 0.8 * radius, at[1], 1.8 * radius, 2.4 * radius), colour)


EARS: dict[
    str, Callable[[ImageDraw.ImageDraw, tuple[float, float], float, Colour], None]
] = {"round": _round, "pointed": _pointed, "floppy": _floppy, "large": _large}  # fmt: skip
