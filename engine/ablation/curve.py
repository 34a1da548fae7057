"""The ablation curve: what the top N neurons of an order would do, for about 200 N. No torch."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController

from engine.ablation.ablation import AblationContext, Scaling
from engine.ablation.baselines import placebo
from engine.ablation.cells import Cells
from engine.evaluation.scores import mean_outcome
from engine.features.cache import FeatureCache
from engine.io.cores import usable_cores
from engine.schema.arrays import Array
from engine.schema.records import CurvePoint, Outcome

CURVE_POINTS = 200
PLACEBOS = 5
LOGITS_AT_ONCE = 2**16
"""Logits that a block of images carries along: 256 KB, which stay in a core's own cache."""
FEATURES_AT_ONCE = 2**22
"""Features that a block of images reads: bounds the memory of each thread to 16 MB, twice."""


def curve(
    cache: FeatureCache, ranked: Array, scaling: Scaling, signs: Array, seed: int
) -> tuple[CurvePoint, ...]:
    """Answer for the top N of `ranked`, for about 200 values of N at once.

    Each step between two N costs one small product: the logits are carried along the order, block
    by block of images, on every core.

    Args:
        cache: The feature cache of the split.
        ranked: (D,) or fewer neurons, most blamed first.
        scaling: What is scaled for whom.
        signs: (D,) signs a placebo must share, position by position.
        seed: Draws the placebos.
    """
    sizes = np.unique(np.linspace(0, len(ranked), CURVE_POINTS + 1).round().astype(int))
    generator = np.random.default_rng(seed)
    context = AblationContext.of(cache, scaling.class_index, scaling.rows)
    orders = [ranked, *(placebo(ranked, signs, generator) for _ in range(PLACEBOS))]
    cells = Cells(cache, context.before)
    steps = _Steps.of(context, orders, sizes, scaling.scale)
    hits = _hits(steps, cells)
    return tuple(_points(context, cells, sizes, hits))


def _points(
    context: AblationContext, cells: Cells, sizes: Array, hits: Array
) -> Sequence[CurvePoint]:
    """Return a point for each N from hits (orders, sizes, cells)."""
    k, shifts = context.class_index, dict[int, Outcome]()
    points = []
    for place, n in enumerate(sizes.tolist()):
        cost = cells.net_cost(hits[0, place], k)
        if cost not in shifts:
            shifts[cost] = context.outcome(context.rival.predict(context.rival.delta(cost)))
        fixed, broken = cells.changed(hits[0, place])
        points.append(
            CurvePoint(
                n=n,
                edit=cells.outcome(hits[0, place], k),
                fixed=fixed,
                broken=broken,
                bias_shift=shifts[cost],
                placebo=mean_outcome([cells.outcome(some, k) for some in hits[1:, place]]),
            )
        )
    return points


@dataclass(frozen=True)
class _Steps:
    """What happens to the logits from one N to the next, along each order."""

    context: AblationContext
    used: Array
    """(S,), the neurons of all orders, sorted."""
    places: tuple[Array, ...]
    """By order, (N,): where in `used` its neurons are."""
    weights: tuple[Array, ...]
    """By order, (R, N): what a feature's removal takes from each logit."""
    sizes: Array
    """(P,), ascending from 0."""

    @classmethod
    def of(
        cls, context: AblationContext, orders: Sequence[Array], sizes: Array, scale: float
    ) -> "_Steps":
        used = np.unique(np.concatenate(orders))
        rows = np.asarray(context.cache.weight[context.rows], dtype=np.float32)
        return cls(
            context=context,
            used=used,
            places=tuple(np.searchsorted(used, order) for order in orders),
            weights=tuple(np.float32(1 - scale) * rows[:, order] for order in orders),
            sizes=sizes,
        )

    @property
    def images_at_once(self) -> int:
        """How many images a block has."""
        fit = (LOGITS_AT_ONCE // len(self.context.rows), FEATURES_AT_ONCE // len(self.used))
        return max(1, min(fit))


def _hits(steps: _Steps, cells: Cells) -> Array:
    """Return (orders, P, cells): how many images of each cell are right after each step."""
    size = steps.images_at_once
    blocks = [slice(at, at + size) for at in range(0, len(cells.rows), size)]
    total = np.zeros((len(steps.places), len(steps.sizes), cells.count), dtype=np.int64)
    # the threads are ours, one a core: a product's own would wait for each other
    with ThreadpoolController().limit(limits=1), ThreadPoolExecutor(usable_cores()) as pool:
        for first, found in pool.map(lambda block: _block_hits(steps, cells, block), blocks):
            total[:, :, first : first + found.shape[2]] += found
    return total


def _block_hits(steps: _Steps, cells: Cells, block: slice) -> tuple[int, Array]:
    """Return the first cell of a block of images, and hits (orders, P, cells of the block)."""
    rows = cells.rows[block]
    features = np.ascontiguousarray(
        np.asarray(steps.context.cache.features[rows], dtype=np.float32).T[steps.used]
    )  # (S, m)
    images = _Images.of(steps.context, rows)
    first, starts = cells.starts(block)
    found = []
    for places, weight in zip(steps.places, steps.weights, strict=True):
        right = np.empty((len(steps.sizes), len(rows)), dtype=np.int32)
        for place, hit in enumerate(_along(images, features, places, weight, steps.sizes)):
            right[place] = hit
        found.append(np.add.reduceat(right, starts, axis=1))
    return first, np.stack(found)


@dataclass(frozen=True)
class _Images:
    """A block of m images, and what decides whether each is predicted as its class."""

    rows: Array
    """(R,), of W: those that change."""
    labels: Array
    """(m,)."""
    own: Array
    """(m,), the logit of each image's class; -inf where neither it nor a better one can change."""
    inside: Array
    """The places of the images whose class is one of the rows."""
    flat: Array
    """For each of these, where in (R, m), counted in one, the logit of its class is."""
    others: Array
    """(R, m), the logits that change; -inf for the image's own class."""
    rest: Array
    """(m,), the best of the logits that stay."""
    rest_index: Array
    """(m,), the class that has it."""

    @classmethod
    def of(cls, context: AblationContext, rows: Array) -> "_Images":
        """Look up the images of some rows of the split."""
        labels, rest = context.cache.labels[rows], context.rest
        place = np.searchsorted(context.rows, labels)
        known = context.rows[np.minimum(place, len(context.rows) - 1)] == labels
        inside = np.flatnonzero(known)
        others = np.array(context.logits[rows].T, dtype=np.float32, order="C")
        own = np.where(rest.index[rows] == labels, rest.value[rows], -np.inf).astype(np.float32)
        own[inside] = others[place[inside], inside]
        others[place[inside], inside] = -np.inf
        mended = np.where(rest.index[rows] == labels, -np.inf, np.inf)  # nothing else stays, or all
        stays = np.where(known, rest.value[rows], mended).astype(np.float32)
        return cls(
            rows=context.rows, labels=labels, own=own, inside=inside,
            flat=place[inside] * len(rows) + inside,
            others=others, rest=stays, rest_index=rest.index[rows],
        )  # fmt: skip

    def right(self, own: Array, others: Array) -> Array:
        """Return (m,), whether the class of each image has the largest logit, the first of equals.

        Args:
            own: (m,), as they are now.
            others: (R, m), the same.
        """
        bar = np.maximum.reduce(others, axis=0)
        np.maximum(bar, self.rest, out=bar)
        right, tied = own > bar, own == bar
        if tied.any():
            at = np.flatnonzero(tied)
            first = self.rows[others[:, at].argmax(axis=0)]
            first = np.where(others[:, at].max(axis=0) == bar[at], first, np.iinfo(np.int64).max)
            stays = np.where(self.rest[at] == bar[at], self.rest_index[at], first)
            right[at] = self.labels[at] < np.minimum(first, stays)
        return right


def _along(
    images: _Images, features: Array, places: Array, weight: Array, sizes: Array
) -> Iterator[Array]:
    """Yield (m,) for each size: whether each image is right with so many neurons scaled."""
    own, others = images.own.copy(), images.others.copy()
    taken, at = np.empty_like(others), 0
    for size in sizes.tolist():
        if size > at:
            np.matmul(weight[:, at:size], features[places[at:size]], out=taken)
            others -= taken
            own[images.inside] -= taken.ravel()[images.flat]
            at = size
        yield images.right(own, others)
