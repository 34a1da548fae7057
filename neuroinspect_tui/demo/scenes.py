"""Scenes: a bird on a background. The same bird can be rendered on the other background."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from neuroinspect_tui.demo.birds import LANDBIRDS, WATERBIRDS, Species, draw_bird
from neuroinspect_tui.demo.places import LAND, SIDE, WATER, Array

SIZE = 64
FAINT_SHARE = 0.28
"""Share of backgrounds that are faint."""
FAINT = 0.22
"""Contrast of a faint background."""
BIRD = (0.40, 0.63)
"""Bounds of the body length, as a share of the picture's side."""
COLOURING = 0.57
STRIPS = (2, 6)
"""Bounds of the number of strips cut out of a bird; the upper one is exclusive."""
BIRDS = ("landbird", "waterbird")
PLACES = ("land", "water")


@dataclass(frozen=True)
class Scene:
    """The content of a picture; `seed` determines the bird, `place_seed` the background."""

    bird: int
    """0 landbird, 1 waterbird."""
    place: int
    """0 land, 1 water."""
    seed: int
    place_seed: int

    @property
    def group(self) -> int:
        """Bird x place, 0 to 3, as in Waterbirds (Sagawa et al. 2020)."""
        return 2 * self.bird + self.place

    @property
    def species(self) -> Species:
        """The bird's species."""
        kinds = (LANDBIRDS, WATERBIRDS)[self.bird]
        return kinds[self.seed % len(kinds)]

    @property
    def kind(self) -> str:
        """The background's kind, such as forest."""
        kinds = tuple((LAND, WATER)[self.place])
        return kinds[self.place_seed % len(kinds)]

    def elsewhere(self) -> "Scene":
        """Return the same bird on the other background."""
        return replace(self, place=1 - self.place)


def render(scene: Scene) -> Image.Image:
    """Render a scene, SIZE pixels a side."""
    ground = _ground(scene)
    rng = np.random.default_rng((1, scene.seed))
    bird = draw_bird(scene.species, rng, size=rng.uniform(*BIRD), colouring=COLOURING)
    layer = np.asarray(bird, dtype=np.float32)
    cover = layer[..., 3:] / 255 * strip_mask(rng)
    values = ground * (1 - cover) + layer[..., :3] * cover
    image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    return image.resize((SIZE, SIZE), Image.Resampling.BOX)


def _ground(scene: Scene) -> Array:
    rng = np.random.default_rng((2, scene.place_seed))
    faint = rng.random() < FAINT_SHARE
    values = (LAND | WATER)[scene.kind](rng)
    if faint:  # as in mist: pictures differ in how much they show of the place
        values = values.mean() + FAINT * (values - values.mean()) + rng.normal(0, 12)
    return values.clip(0, 255)


def strip_mask(rng: np.random.Generator) -> Array:
    """Return (SIDE, SIDE, 1): 0 in upright strips through which the background shows."""
    cover = np.ones((SIDE, SIDE, 1), dtype=np.float32)
    for x in rng.uniform(0.2, 0.8, rng.integers(*STRIPS)):
        start = int(x * SIDE)
        cover[:, start : start + int(rng.uniform(3, 8))] = 0
    return cover


def draw_scenes(count: int, aligned: float, seed: int) -> list[Scene]:
    """Generate scenes with equally many landbirds and waterbirds.

    Args:
        count: How many.
        aligned: The share of birds on their usual background; 0.5 balances the four groups.
        seed: Different seeds share no bird.
    """
    rng = np.random.default_rng((3, seed))
    birds = rng.permutation(np.arange(count) % 2)
    misaligned = np.zeros(count, dtype=bool)
    for bird in (0, 1):
        rows = np.flatnonzero(birds == bird)
        misaligned[rng.permutation(rows)[: round((1 - aligned) * len(rows))]] = True
    seeds = rng.integers(0, 2**31 - 1, (count, 2))
    return [
        Scene(int(bird), int(bird) ^ int(swapped), int(own), int(place))
        for bird, swapped, (own, place) in zip(birds, misaligned, seeds, strict=True)
    ]
