"""Scenes: a bird before a place. The same bird can be seen before another, nothing else changed."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from neuroinspect_tui.demo.birds import LANDBIRDS, WATERBIRDS, Species, draw_bird
from neuroinspect_tui.demo.places import LAND, SIDE, WATER, Array

SIZE = 64
FAINT_SHARE = 0.28
FAINT = 0.22
"""Contrast left to a faint background."""
BIRD = (0.40, 0.63)
"""Body length in picture sides."""
COLOURING = 0.57
STRIPS = (2, 6)
BIRDS = ("landbird", "waterbird")
PLACES = ("land", "water")


@dataclass(frozen=True)
class Scene:
    """What is in a picture. `seed` settles the bird, `place_seed` the background."""

    bird: int
    """0 landbird, 1 waterbird."""
    place: int
    """0 land, 1 water."""
    seed: int
    place_seed: int

    @property
    def group(self) -> int:
        """Bird x place, 0 to 3, as in Sagawa et al. 2020."""
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
    """Draw a scene, SIZE pixels a side."""
    ground = _ground(scene)
    rng = np.random.default_rng((1, scene.seed))
    bird = draw_bird(scene.species, rng, size=rng.uniform(*BIRD), colouring=COLOURING)
    layer = np.asarray(bird, dtype=np.float32)
    cover = layer[..., 3:] / 255 * _gaps(rng)
    values = ground * (1 - cover) + layer[..., :3] * cover
    image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    return image.resize((SIZE, SIZE), Image.Resampling.BOX)


def _ground(scene: Scene) -> Array:
    rng = np.random.default_rng((2, scene.place_seed))
    faint = rng.random() < FAINT_SHARE
    values = (LAND | WATER)[scene.kind](rng)
    if faint:  # mist: what a picture shows of its place differs
        values = values.mean() + FAINT * (values - values.mean()) + rng.normal(0, 12)
    return values.clip(0, 255)


def _gaps(rng: np.random.Generator) -> Array:
    """Return (SIDE, SIDE, 1): 0 in upright strips through which the background shows."""
    cover = np.ones((SIDE, SIDE, 1), dtype=np.float32)
    for x in rng.uniform(0.2, 0.8, rng.integers(*STRIPS)):
        start = int(x * SIDE)
        cover[:, start : start + int(rng.uniform(3, 8))] = 0
    return cover


def draw_scenes(count: int, aligned: float, seed: int) -> list[Scene]:
    """Draw scenes of equally many birds of both kinds.

    Args:
        count: How many.
        aligned: The share of birds on their usual place; 0.5 balances the four groups.
        seed: Same seed, same scenes; different seeds share no bird.
    """
    rng = np.random.default_rng((3, seed))
    birds = rng.permutation(np.arange(count) % 2)
    against = np.zeros(count, dtype=bool)
    for bird in (0, 1):
        rows = np.flatnonzero(birds == bird)
        against[rng.permutation(rows)[: round((1 - aligned) * len(rows))]] = True
    seeds = rng.integers(0, 2**31 - 1, (count, 2))
    return [
        Scene(int(bird), int(bird) ^ int(turned), int(own), int(place))
        for bird, turned, (own, place) in zip(birds, against, seeds, strict=True)
    ]
