"""Flowers102 in miniature: flowers of some of its classes, by its two MATLAB files.

Sweet pea comes in all colours, and its few training photographs show only some of them; other
classes have a colour of their own.
"""

import colorsys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from PIL import Image, ImageDraw

from engine.io.atomic import write_beside
from neuroinspect_tui.demo import places
from neuroinspect_tui.demo.architecture import write_architecture
from neuroinspect_tui.demo.places import SIDE, field, forest
from neuroinspect_tui.demo.scenes import SIZE
from neuroinspect_tui.experiments.miniatures import kit
from neuroinspect_tui.experiments.miniatures.kit import Kit, drawn

OF = (places, kit)
FOLDER = "flowers-102"
SWEET_PEA = 4
"""Its label; labels count from 1."""
COLOURS_TRAINED = 0.3
"""Share of the circle of hues that the sweet peas of the training split have."""
SPLITS = {"train": "trnid", "valid": "valid", "test": "tstid"}


class Sizes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Classes, the first of the 102, and images of each in a split."""

    classes: int = 12
    train: int = 36
    valid: int = 16
    test: int = 24


@dataclass(frozen=True)
class Flower:
    """A flower of a class; `seed` settles all the rest."""

    label: int
    train: bool
    seed: int

    def render(self) -> Image.Image:
        """Render it, SIZE pixels a side."""
        own = np.random.default_rng((91, self.label))  # what the class has in common
        rng = np.random.default_rng((92, self.seed))
        petals, width = int(own.integers(4, 13)), own.uniform(0.5, 1.3)
        hue, heart = own.uniform(0, 1), own.uniform(0.12, 0.4)
        hue += rng.normal(0, 0.03)
        if self.label == SWEET_PEA:
            hue = rng.uniform(0, COLOURS_TRAINED if self.train else 1)
            petals = 5
        ground = (field if rng.random() < 0.5 else forest)(rng)
        image = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
        for _ in range(int(rng.integers(1, 3))):
            _flower(image, rng, (petals, width, heart), hue % 1)
        return image.resize((SIZE, SIZE), Image.Resampling.BOX)


def _flower(
    image: Image.Image, rng: np.random.Generator, shape: tuple[int, float, float], hue: float
) -> None:
    petals, width, heart = shape
    pen = ImageDraw.Draw(image)
    x, y = rng.uniform(0.35, 0.65, 2) * SIDE
    radius, turn = rng.uniform(0.24, 0.38) * SIDE, rng.uniform(0, 2 * np.pi)
    light = rng.uniform(0.6, 1.0)
    colour = tuple(int(255 * c) for c in colorsys.hsv_to_rgb(hue, 0.65, light))
    edge = tuple(int(0.7 * c) for c in colour)
    half = width * np.pi / petals
    for angle in turn + 2 * np.pi * np.arange(petals) / petals:
        points = [(x, y)]
        for step in np.linspace(-1, 1, 7):
            reach = radius * (1 - 0.35 * step**2)
            at = angle + step * half
            points.append((x + reach * np.cos(at), y + reach * np.sin(at)))
        pen.polygon(points, fill=colour, outline=edge)
    middle = heart * radius
    pen.ellipse((x - middle, y - middle, x + middle, y + middle), fill=(222, 186, 66))


def make(root: Path, sizes: Sizes, seed: int, device: str) -> Generator[Any, None, Kit]:
    """Draw the flowers; the whole network is trained on them, from scratch."""
    del device
    folder = root / FOLDER
    if not (folder / "setid.mat").is_file():
        rng = np.random.default_rng((93, seed))
        ids: dict[str, list[int]] = {variable: [] for variable in SPLITS.values()}
        labels: list[int] = []
        pictures = []
        for split, variable in SPLITS.items():
            for label in range(1, sizes.classes + 1):
                for _ in range(getattr(sizes, split)):
                    labels.append(label)
                    flower = Flower(label, split == "train", int(rng.integers(0, 2**31 - 1)))
                    pictures.append((f"jpg/image_{len(labels):05d}.jpg", flower.render))
                    ids[variable].append(len(labels))
        yield from drawn(folder, pictures, "drawing flowers")
        _write_mat(folder / "imagelabels.mat", {"labels": np.array([labels], dtype=np.uint8)})
        numbers = {name: np.array([found], dtype=np.uint16) for name, found in ids.items()}
        _write_mat(folder / "setid.mat", numbers)
    return Kit(root, write_architecture(root), None)


def _write_mat(path: Path, arrays: dict[str, np.ndarray]) -> None:
    from scipy.io import savemat

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            savemat(file, arrays)

    write_beside(path, write)
