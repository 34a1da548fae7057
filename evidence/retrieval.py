"""Do drawings show which neuron they are of? Another CLIP looks for it among ten.

The judge has the eight images that activate each of ten neurons most, and a drawing of one of them.
It takes the neuron whose images are most like the drawing: right by chance in one of ten. All
choices of the nine others count, so that none of them is luck.
"""

from math import comb

import numpy as np
import torch
from torch import Tensor

from engine.data.images import open_image
from engine.features.cache import FeatureCache
from engine.models.clip import ClipModel, load_clip
from engine.visualization.store import TOP_IMAGES
from evidence.drawings import SETTINGS, drawn, embedded
from evidence.models import Model
from evidence.rankings import last

NEURONS = 30
"""Of each model; drawn at random."""
OTHERS = 9
NEXT = "its next eight real images, as one"
"""Real images in place of a drawing: the most that one can expect."""
NEXT_ONE = "its next real image"
SHOWN = (NEXT, NEXT_ONE, *SETTINGS)
"""What a judge is shown: real images, and drawings by setting."""


def measure(model: Model, judge: str, shown: str) -> list[float]:
    """Return by neuron the share of choices of nine others in which the judge finds it (30,).

    Args:
        model: Whose neurons; its own CLIP guides the drawings.
        judge: A CLIP that did not, as a workspace names it.
        shown: One of `SHOWN`.
    """
    engine = model.engine(clip=model.plan.source.clip)
    cache = last(engine.ready_cache("valid"))
    clip_model = load_clip(judge, engine.device)
    assert clip_model is not None
    alive = active(cache)
    neurons = chosen(cache, model.seed)
    images = image_embeddings(clip_model, cache, alive)  # (A, 16, E)
    own = torch.from_numpy(np.searchsorted(alive, neurons))
    top, after = images[:, :TOP_IMAGES], images[own, TOP_IMAGES:]
    if shown in SETTINGS:
        pictures = drawn(engine, neurons.tolist(), SETTINGS[shown], model.home / "drawn")
        queries = embedded(clip_model, pictures)
    else:
        queries = after[:, 0] if shown == NEXT_ONE else after.mean(dim=1)
    return shares(queries, top, own)


def active(cache: FeatureCache) -> np.ndarray:
    """Return the neurons (A,), sorted, that activate on sixteen images or more."""
    return np.flatnonzero(np.asarray(cache.array("strongest_values"))[:, 2 * TOP_IMAGES - 1] > 0)


def chosen(cache: FeatureCache, seed: int) -> np.ndarray:
    """Return (30,): neurons at random, of those that activate on sixteen images or more."""
    return np.random.default_rng((7, seed)).permutation(active(cache))[:NEURONS]


def image_embeddings(clip_model: ClipModel, cache: FeatureCache, neurons: np.ndarray) -> Tensor:
    """Return (A, 16, E): CLIP's embeddings of the images that activate neurons most, in order."""
    rows = np.asarray(cache.array("strongest_rows"))[neurons, : 2 * TOP_IMAGES].astype(np.int64)
    needed, place = np.unique(rows, return_inverse=True)
    found = embedded(clip_model, [open_image(cache, cache.samples[row]) for row in needed])
    return found[torch.from_numpy(place.reshape(rows.shape))]


def shares(queries: Tensor, top: Tensor, own: Tensor) -> list[float]:
    """Return by query (n,) how often it is most like its own neuron's images, 0 to 1.

    Args:
        queries: (n, E).
        top: (A, 8, E), embeddings of each neuron's images.
        own: (n,), whose each query is, of the A.
    """
    likeness = torch.einsum("aie,ne->na", top, queries)
    others = len(top) - 1
    # as like as its own, or more: of none of these may one be among the nine
    rivals = (likeness >= likeness.gather(1, own[:, None])).sum(dim=1) - 1
    return [comb(others - int(some), OTHERS) / comb(others, OTHERS) for some in rivals]
