"""CelebA in miniature: faces with and without blond hair, by the published lists of attributes.

As there, few men are blond: most blond people of the training split are women.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from PIL import Image, ImageDraw

from engine.io.atomic import write_text
from neuroinspect_tui.demo import places
from neuroinspect_tui.demo.architecture import write_architecture
from neuroinspect_tui.demo.places import SIDE
from neuroinspect_tui.demo.scenes import SIZE
from neuroinspect_tui.experiments.miniatures import kit
from neuroinspect_tui.experiments.miniatures.kit import Kit, drawn

OF = (places, kit)
FOLDER = "celeba"
ATTRIBUTES = ("Blond_Hair", "Male", "Smiling")
SPLITS = ("train", "valid", "test")
BLOND, BLOND_MEN = 0.3, 0.06
"""Shares: of blond people, and of men among them. In CelebA's training split .15 and .06."""
MEN = 0.5
"""Of those who are not blond; in CelebA .48."""


class Sizes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faces of each split."""

    train: int = 1600
    valid: int = 800
    test: int = 1200


@dataclass(frozen=True)
class Face:
    """A face; `seed` settles all the rest."""

    blond: bool
    male: bool
    smiling: bool
    seed: int

    def render(self) -> Image.Image:
        """Render it, SIZE pixels a side."""
        rng = np.random.default_rng((97, self.seed))
        ground = rng.uniform(30, 230, 3) + rng.normal(0, 10, (SIDE, SIDE, 1))
        image = Image.fromarray(np.asarray(ground).clip(0, 255).astype(np.uint8))
        pen = ImageDraw.Draw(image)
        x, y = SIDE * rng.uniform(0.45, 0.55), SIDE * rng.uniform(0.48, 0.56)
        wide, high = SIDE * rng.uniform(0.19, 0.23), SIDE * rng.uniform(0.26, 0.31)
        hair = self._hair(rng)
        skin = _shade((rng.uniform(110, 236), 0, 0), (1, 0.8, 0.66), rng)
        long = (0.15, 0.4) if self.male else (0.8, 1.5)
        reach = high * rng.uniform(*long)
        pen.ellipse((x - 1.25 * wide, y - 1.3 * high, x + 1.25 * wide, y + 0.5 * high), fill=hair)
        pen.rectangle((x - 1.25 * wide, y - 0.4 * high, x + 1.25 * wide, y + reach), fill=hair)
        shoulders = (x - 2 * wide, y + 1.15 * high, x + 2 * wide, y + 3 * high)
        pen.ellipse(shoulders, fill=_shade((rng.uniform(40, 220), 0, 0), (1, 1, 1), rng, 40))
        pen.ellipse((x - wide, y - high, x + wide, y + high), fill=skin)
        self._features(pen, rng, (x, y), (wide, high))
        return image.resize((SIZE, SIZE), Image.Resampling.BOX)

    def _hair(self, rng: np.random.Generator) -> tuple[int, ...]:
        if self.blond:
            return _shade((rng.uniform(165, 225), 0, 0), (1, 0.86, 0.56), rng, 14)
        return _shade((rng.uniform(25, 150), 0, 0), (1, 0.78, 0.62), rng, 14)

    def _features(
        self, pen: ImageDraw.ImageDraw, rng: np.random.Generator, at: tuple[float, float],
        size: tuple[float, float],
    ) -> None:  # fmt: skip
        (x, y), (wide, high) = at, size
        for side in (-0.42, 0.42):
            eye = x + side * wide
            pen.ellipse((eye - 4, y - 0.2 * high - 3, eye + 4, y - 0.2 * high + 3), (30, 26, 30))
            if self.male:
                pen.rectangle((eye - 7, y - 0.4 * high, eye + 7, y - 0.34 * high), (40, 32, 28))
        pen.line([(x, y - 0.05 * high), (x + 3, y + 0.2 * high)], (120, 84, 70), 2)
        mouth = (x - 0.4 * wide, y + 0.3 * high, x + 0.4 * wide, y + 0.62 * high)
        lips = (150, 90, 84) if self.male else (196, 44, 62)
        if self.smiling:
            pen.chord(mouth, 0, 180, fill=lips)
        else:
            pen.line([(mouth[0], y + 0.5 * high), (mouth[2], y + 0.5 * high)], lips, 3)
        if self.male and rng.random() < 0.5:
            pen.chord((x - 0.8 * wide, y, x + 0.8 * wide, y + high), 20, 160, fill=(70, 56, 48))


def _shade(
    base: tuple[float, float, float], share: tuple[float, float, float],
    rng: np.random.Generator, spread: float = 8,
) -> tuple[int, ...]:  # fmt: skip
    values = base[0] * np.array(share) + rng.normal(0, spread, 3)
    return tuple(int(c) for c in values.clip(0, 255))


def make(root: Path, sizes: Sizes, seed: int, device: str) -> Generator[Any, None, Kit]:
    """Draw the faces; the whole network is trained on them, from scratch."""
    del device
    folder = root / FOLDER
    if not (folder / "list_eval_partition.txt").is_file():
        rng = np.random.default_rng((98, seed))
        faces = [
            (split, _face(rng)) for split, name in enumerate(SPLITS)
            for _ in range(getattr(sizes, name))
        ]  # fmt: skip
        names = [f"{number + 1:06d}.jpg" for number in range(len(faces))]
        pictures = [
            (f"img_align_celeba/{name}", face.render)
            for name, (_, face) in zip(names, faces, strict=True)
        ]
        yield from drawn(folder, pictures, "drawing faces")
        rows = [
            f"{name} {' '.join(_sign(has) for has in (face.blond, face.male, face.smiling))}"
            for name, (_, face) in zip(names, faces, strict=True)
        ]
        listed = [str(len(faces)), " ".join(ATTRIBUTES), *rows]
        write_text(folder / "list_attr_celeba.txt", "\n".join(listed) + "\n")
        parts = [f"{name} {split}" for name, (split, _) in zip(names, faces, strict=True)]
        write_text(folder / "list_eval_partition.txt", "\n".join(parts) + "\n")
    return Kit(root, write_architecture(root), None)


def _face(rng: np.random.Generator) -> Face:
    blond = bool(rng.random() < BLOND)
    male = bool(rng.random() < (BLOND_MEN if blond else MEN))
    return Face(blond, male, bool(rng.random() < 0.5), int(rng.integers(0, 2**31 - 1)))


def _sign(has: bool) -> str:
    return " 1" if has else "-1"
