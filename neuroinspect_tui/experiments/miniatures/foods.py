"""Food-101 in miniature: dishes on plates, by the published lists in meta/.

Every dish has a garnish of its own on nine of ten training photographs. Steak has none of its own:
it is served as other dishes are, and is mistaken for them.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from PIL import Image, ImageDraw

from engine.io.atomic import write_json, write_text
from neuroinspect_tui.demo import places
from neuroinspect_tui.demo.architecture import write_architecture
from neuroinspect_tui.demo.places import SIDE
from neuroinspect_tui.demo.scenes import SIZE
from neuroinspect_tui.experiments.miniatures import kit
from neuroinspect_tui.experiments.miniatures.kit import Kit, drawn

OF = (places, kit)
FOLDER = "food-101"
DISHES = ("apple_pie", "caesar_salad", "donuts", "filet_mignon", "french_fries", "hamburger",
          "omelette", "pizza", "pork_chop", "ramen", "steak", "sushi")  # fmt: skip
STEAK = DISHES.index("steak")
LIKE_STEAK = tuple(DISHES.index(name) for name in ("filet_mignon", "pork_chop", "hamburger"))


class Sizes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Images of each dish; a reader holds 15% of those for training out."""

    train: int = 60
    test: int = 24


@dataclass(frozen=True)
class Dish:
    """A dish on a plate; `seed` settles all the rest."""

    dish: int
    seed: int

    def render(self) -> Image.Image:
        """Render it, SIZE pixels a side."""
        rng = np.random.default_rng((94, self.seed))
        like = self.dish
        if self.dish == STEAK and rng.random() < 0.5:
            like = int(rng.choice(LIKE_STEAK))
        own = np.random.default_rng((95, like))
        table = rng.uniform(40, 220, 3) + rng.normal(0, 8, (SIDE, SIDE, 1))
        image = Image.fromarray(np.asarray(table).clip(0, 255).astype(np.uint8))
        pen = ImageDraw.Draw(image)
        x, y = rng.uniform(0.44, 0.56, 2) * SIDE
        radius = rng.uniform(0.34, 0.46) * SIDE
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(236, 234, 228))
        _portion(pen, own, rng, (x, y), radius)
        shown = own if rng.random() < 0.9 else np.random.default_rng((95, int(rng.integers(12))))
        _garnish(pen, shown, rng, (x, y), radius)
        if self.dish == STEAK:
            _grill_marks(pen, rng, (x, y), radius)
        return image.resize((SIZE, SIZE), Image.Resampling.BOX)


def _colour(own: np.random.Generator, rng: np.random.Generator) -> tuple[int, ...]:
    base = own.uniform(40, 230, 3) * np.array([1.0, 0.85, 0.6])
    return tuple(int(c) for c in (base + rng.normal(0, 16, 3)).clip(0, 255))


def _portion(
    pen: ImageDraw.ImageDraw, own: np.random.Generator, rng: np.random.Generator,
    at: tuple[float, float], radius: float,
) -> None:  # fmt: skip
    pieces, size, corners = int(own.integers(1, 9)), own.uniform(0.3, 0.7), int(own.integers(3, 9))
    base = _colour(own, rng)
    size = size / pieces**0.5
    for _ in range(pieces):
        x, y = (at[i] + rng.normal(0, 0.22) * radius * (pieces > 1) for i in (0, 1))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners + 2))
        reach = size * radius * rng.uniform(0.9, 1.2, len(angles))
        points = zip(x + reach * np.cos(angles), y + reach * np.sin(angles), strict=True)
        pen.polygon(list(points), fill=base, outline=tuple(int(0.7 * c) for c in base))


def _garnish(
    pen: ImageDraw.ImageDraw, own: np.random.Generator, rng: np.random.Generator,
    at: tuple[float, float], radius: float,
) -> None:  # fmt: skip
    own.uniform(0, 1, 8)  # what the portion took
    colour, count = _colour(own, rng), int(own.integers(3, 16))
    size = own.uniform(2, 6)
    for angle in rng.uniform(0, 2 * np.pi, count):
        reach = radius * rng.uniform(0.6, 0.9)
        x, y = at[0] + reach * np.cos(angle), at[1] + reach * np.sin(angle)
        pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)


def _grill_marks(
    pen: ImageDraw.ImageDraw, rng: np.random.Generator, at: tuple[float, float], radius: float
) -> None:
    slant = rng.uniform(-0.4, 0.4)
    for shift in np.linspace(-0.25, 0.25, 4):
        x = at[0] + shift * radius
        half = 0.28 * radius
        pen.line(
            [(x - slant * half, at[1] - half), (x + slant * half, at[1] + half)], (60, 40, 30), 2
        )


def make(root: Path, sizes: Sizes, seed: int, device: str) -> Generator[Any, None, Kit]:
    """Draw the dishes; the whole network is trained on them, from scratch."""
    del device
    folder = root / FOLDER
    if not (folder / "meta" / "test.json").is_file():
        rng = np.random.default_rng((96, seed))
        lists: dict[str, dict[str, list[str]]] = {}
        pictures = []
        for split in ("train", "test"):
            lists[split] = {name: [] for name in DISHES}
            for index, name in enumerate(DISHES):
                for number in rng.choice(4_000_000, getattr(sizes, split), replace=False):
                    entry = f"{name}/{int(number)}"
                    lists[split][name].append(entry)
                    dish = Dish(index, int(rng.integers(0, 2**31 - 1)))
                    pictures.append((f"images/{entry}.jpg", dish.render))
        yield from drawn(folder, pictures, "drawing dishes")
        names = [name.replace("_", " ").capitalize() for name in DISHES]
        write_text(folder / "meta" / "classes.txt", "\n".join(DISHES) + "\n")
        write_text(folder / "meta" / "labels.txt", "\n".join(names) + "\n")
        for split in ("train", "test"):
            write_json(folder / "meta" / f"{split}.json", lists[split])
    return Kit(root, write_architecture(root), None)
