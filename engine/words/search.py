"""Images and neurons by their likeness to a text, or to an image, in CLIP's space. No torch."""

from statistics import NormalDist

import numpy as np
from msgspec import Struct

from engine.clip.image_features import ClipFeatures
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.errors import RequestError

ROWS_AT_ONCE = 4096
NUMBERS_KEPT = 2**25
FEWEST = 10
"""Images over which a correlation is computed."""
CHANCE = 0.95


class FoundImage(Struct, frozen=True, kw_only=True):
    """An image, and how like what was asked for it is."""

    image: str
    score: float
    """The cosine of both, -1 to 1."""
    class_: str
    predicted: str


class FoundNeuron(Struct, frozen=True, kw_only=True):
    """A neuron, and how its activation goes with what was asked for."""

    neuron: int
    score: float
    """Over the images: the correlation of its activation with their cosine, -1 to 1."""


class NeuronLikeness(Struct, frozen=True):
    """Every neuron's correlation with what was asked for."""

    scores: Array
    """(D,) float64, -1 to 1; NaN for a neuron that is the same on all images."""
    images: int
    """Over how many images."""
    chance: float
    """The largest correlation of D neurons that have nothing to do with it stays below this in 95
    of 100 cases, were images independent of each other."""


def cosines(clip: ClipFeatures, query: Array) -> Array:
    """Return the cosine (m,), -1 to 1, of every image that has a CLIP feature with a query (E,).

    Up to 128 MiB of features stay in memory, as float32, for the next query; of more, a part at a
    time.
    """
    if clip.features.size <= NUMBERS_KEPT:
        return np.asarray(clip.kept @ query.astype(np.float32))
    found = np.empty(len(clip.rows), dtype=np.float32)
    for at in range(0, len(found), ROWS_AT_ONCE):
        part = slice(at, at + ROWS_AT_ONCE)
        found[part] = clip.features[part].astype(np.float32) @ query.astype(np.float32)
    return found


def image_likeness(cache: FeatureCache, clip: ClipFeatures, query: Array) -> Array:
    """Return the cosine (n,) of every image of a feature cache with a query (E,), float32.

    NaN where an image has no CLIP feature.
    """
    found = np.full(cache.meta.n, np.nan, dtype=np.float32)
    found[clip.rows] = cosines(clip, query)
    return found


def neuron_likeness(
    cache: FeatureCache, clip: ClipFeatures, query: Array, class_index: int | None = None
) -> NeuronLikeness:
    """Correlate every neuron's activation with the images' cosine with a query.

    Args:
        cache: The activations.
        clip: The images' CLIP features.
        query: (E,), of length 1.
        class_index: Over the images of this class alone; None: over all.

    Raises:
        RequestError: There are too few images.
    """
    rows, likeness = clip.rows, cosines(clip, query).astype(np.float64)
    if class_index is not None:
        own = cache.labels[rows] == class_index
        rows, likeness = rows[own], likeness[own]
    if len(rows) < FEWEST:
        raise RequestError(
            f"There are {len(rows)} images to correlate neurons over; {FEWEST} are the fewest."
        )
    scores = correlations(cache.features, rows, likeness)
    among = max(int(np.isfinite(scores).sum()), 1)
    chance = NormalDist().inv_cdf(CHANCE ** (1 / among)) / float(np.sqrt(len(rows) - 1))
    return NeuronLikeness(scores, len(rows), min(chance, 1.0))


def correlations(features: Array, rows: Array, values: Array) -> Array:
    """Return each column's correlation (D,) with values (m,) over some rows (m,).

    A part of the rows is in memory at a time. Sums are of differences from the first part's mean,
    so that no precision is lost.

    Args:
        features: (n, D).
        rows: Sorted, at least one.
        values: In the order of the rows.
    """
    centred = values - values.mean()
    start = features[rows[:ROWS_AT_ONCE]].mean(axis=0, dtype=np.float64)  # near the mean
    total, squares, along = np.zeros_like(start), np.zeros_like(start), np.zeros_like(start)
    lowest, highest = np.full_like(start, np.inf), np.full_like(start, -np.inf)
    for part in _parts(len(rows)):
        here = features[_slice(rows[part])]
        lowest, highest = (
            np.minimum(lowest, here.min(axis=0)),
            np.maximum(highest, here.max(axis=0)),
        )
        shifted = here.astype(np.float64) - start
        total += shifted.sum(axis=0)
        squares += np.einsum("ij,ij->j", shifted, shifted)
        along += centred[part] @ shifted
    mean = start + total / len(rows)
    spread = np.maximum(squares - total**2 / len(rows), 0)
    farthest = np.maximum(highest - mean, mean - lowest)
    norm = np.sqrt(spread * (centred**2).sum())
    constant = (farthest <= 1e-6 * np.maximum(np.abs(mean), 1e-12)) | (norm == 0)
    return np.where(constant, np.nan, along / np.where(norm == 0, 1, norm))


def _slice(rows: Array) -> slice | Array:
    """Return sorted rows as a slice where none between them is left out, which copies nothing."""
    whole = len(rows) == rows[-1] - rows[0] + 1
    return slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows


def _parts(rows: int) -> list[slice]:
    return [slice(at, at + ROWS_AT_ONCE) for at in range(0, rows, ROWS_AT_ONCE)]


def best(scores: Array, top: int) -> Array:
    """Return the places of the largest scores, the largest first; equal ones in order, no NaN."""
    order = np.argsort(-scores, kind="stable")
    return order[: min(top, int(np.isfinite(scores).sum()))]


def find_images(
    cache: FeatureCache,
    clip: ClipFeatures,
    query: Array,
    *,
    top: int,
    class_index: int | None = None,
    but: int | None = None,
) -> list[FoundImage]:
    """Return the images most like a query (E,), the most alike first.

    Args:
        cache: The images.
        clip: Their CLIP features.
        query: Of a text or an image, of length 1.
        top: How many.
        class_index: Of this class alone.
        but: The row of an image that is not wanted: the one that is asked about.
    """
    scores = image_likeness(cache, clip, query)
    if class_index is not None:
        scores[cache.own_labels != class_index] = np.nan
    if but is not None:
        scores[but] = np.nan
    return [
        FoundImage(
            image=cache.path(row),
            score=float(scores[row]),
            class_=cache.classes[cache.own_labels[row]],
            predicted=cache.classes[cache.predicted[row]],
        )
        for row in map(int, best(scores, top))
    ]
