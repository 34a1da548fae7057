"""Birds of land and water, drawn as layers: they differ by shape, and by colour on average."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from neuroinspect_tui.demo.places import SIDE

Generator = np.random.Generator


@dataclass(frozen=True)
class Species:
    """A species: proportions in body lengths, and typical colours of body and wing."""

    name: str
    height: float
    neck: float
    beak: float
    tail: float
    """Length; upright above 0.5, level below."""
    legs: float
    colour: tuple[int, int, int]
    wing: tuple[int, int, int]


LANDBIRDS = (
    Species("cardinal", 0.74, 0.0, 0.16, 0.62, 0.18, (182, 62, 50), (138, 48, 44)),
    Species("jay", 0.66, 0.05, 0.20, 0.70, 0.20, (92, 118, 176), (66, 84, 134)),
    Species("wren", 0.80, 0.0, 0.18, 0.56, 0.16, (140, 102, 70), (106, 78, 54)),
    Species("warbler", 0.70, 0.03, 0.14, 0.52, 0.20, (196, 178, 74), (130, 124, 62)),
)
WATERBIRDS = (
    Species("gull", 0.46, 0.12, 0.30, 0.34, 0.16, (222, 222, 220), (150, 156, 164)),
    Species("duck", 0.50, 0.20, 0.34, 0.26, 0.0, (122, 104, 84), (92, 100, 96)),
    Species("heron", 0.42, 0.62, 0.46, 0.22, 0.52, (150, 160, 172), (106, 118, 134)),
    Species("cormorant", 0.42, 0.44, 0.36, 0.40, 0.10, (58, 62, 66), (44, 46, 50)),
)


def draw_bird(species: Species, rng: Generator, *, size: float, colouring: float) -> Image.Image:
    """Return a bird as an RGBA layer (SIDE, SIDE).

    Args:
        species: What to draw.
        rng: Determines pose, position and plumage.
        size: Body length as a share of the picture's side.
        colouring: Weight of the species' own colours, 0 to 1, against random ones.
    """
    layer = Image.new("RGBA", (SIDE, SIDE))
    pen = ImageDraw.Draw(layer)
    length = size * SIDE * rng.uniform(0.85, 1.15)
    body = _plumage(species.colour, rng, colouring)
    wing = _plumage(species.wing, rng, colouring)
    x, y = SIDE * rng.uniform(0.42, 0.58), SIDE * rng.uniform(0.48, 0.62)
    high = length * species.height * rng.uniform(0.9, 1.1)
    _legs(pen, (x, y + 0.4 * high), length * species.legs, length)
    _tail(pen, species, (x - 0.45 * length, y), length, wing)
    pen.ellipse(_box(x, y, length, high), fill=body)
    _head(pen, species, (x + 0.36 * length, y - 0.28 * high), length, (body, wing))
    pen.ellipse(_box(x - 0.08 * length, y - 0.02 * high, 0.62 * length, 0.55 * high), fill=wing)
    layer = layer.rotate(rng.uniform(-14, 14), Image.Resampling.BILINEAR, center=(x, y))
    return layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else layer


def _plumage(own: tuple[int, int, int], rng: Generator, colouring: float) -> tuple[int, ...]:
    usual = rng.uniform(50, 215) + rng.normal(0, 26, 3)
    mixed = colouring * np.array(own) + (1 - colouring) * usual + rng.normal(0, 12, 3)
    return (*(int(c) for c in mixed.clip(0, 255)), 255)


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _legs(pen: ImageDraw.ImageDraw, at: tuple[float, float], legs: float, length: float) -> None:
    x, y = at
    for shift in (-0.08, 0.1) if legs > 0 else ():
        foot = (x + shift * length, y + legs)
        pen.line([(x + shift * length, y), foot], fill=(96, 78, 58, 255), width=3)
        pen.line([foot, (foot[0] + 0.08 * length, foot[1])], fill=(96, 78, 58, 255), width=3)


def _tail(
    pen: ImageDraw.ImageDraw,
    species: Species,
    at: tuple[float, float],
    length: float,
    colour: tuple[int, ...],
) -> None:
    x, y = at
    rise = 0.75 if species.tail > 0.5 else 0.1
    tip = (x - 0.6 * species.tail * length, y - rise * species.tail * length)
    corners = [(x + 0.12 * length, y - 0.1 * length), tip, (tip[0] + 2, tip[1] + 0.14 * length),
               (x + 0.12 * length, y + 0.1 * length)]  # fmt: skip
    pen.polygon(corners, fill=colour)


def _head(
    pen: ImageDraw.ImageDraw,
    species: Species,
    at: tuple[float, float],
    length: float,
    colours: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    x, y = at
    top = (x + 0.22 * species.neck * length, y - species.neck * length)
    radius = length * (0.2 if species.neck < 0.1 else 0.13)
    if species.neck:
        pen.line([(x, y + 0.1 * length), top], fill=colours[0], width=max(3, int(0.14 * length)))
    pen.ellipse(_box(*top, 2 * radius, 2 * radius), fill=colours[0])
    thick = radius * (0.55 if species.beak < 0.25 else 0.35)
    beak = [(top[0] + 0.7 * radius, top[1] - thick), (top[0] + 0.7 * radius, top[1] + thick),
            (top[0] + radius + species.beak * length, top[1] + 0.2 * radius)]  # fmt: skip
    pen.polygon(beak, fill=(206, 158, 66, 255))
    eye = _box(top[0] + 0.3 * radius, top[1] - 0.2 * radius, 0.4 * radius, 0.4 * radius)
    pen.ellipse(eye, fill=(20, 20, 20, 255))
