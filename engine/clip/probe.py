"""Which images of a large split get a CLIP feature. No torch."""

import hashlib
from dataclasses import dataclass

import numpy as np

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array

MOST = 50_000
"""Images of a split that get a CLIP feature."""
MISTAKES_SHARE, SMALL_SHARE = 0.5, 0.25
"""How much of a probe mistakes may fill, and then images of small classes."""
SMALL = 0.5
"""A class is small with fewer images than this share of the mean class."""


@dataclass(frozen=True)
class Probe:
    """The images that get a CLIP feature."""

    rows: Array
    """(m,) int64, sorted rows of the feature cache."""
    note: str
    """Which they are, where they are not all: one sentence."""


def choose(cache: FeatureCache, *, whole: bool = False) -> Probe:
    """Choose the images of a split that get a CLIP feature: all, up to MOST, or wherever `whole`.

    Of more: mistakes of the checkpoint's own decision layer, up to half of the places; then images
    of small classes, with fewer than half as many images as the mean class, up to a quarter; then
    any others. Where there are more than places, the first by a stable hash of the path are taken,
    so that the choice is the same on every machine.
    """
    total = cache.meta.n
    if whole or total <= MOST:
        return Probe(np.arange(total, dtype=np.int64), "")
    labels = cache.own_labels
    hashes = np.array([_hashed(sample.path) for sample in cache.samples], dtype=np.uint64)
    order = np.argsort(hashes, kind="stable")
    wrong = cache.checkpoint_predicted != labels
    sizes = np.bincount(labels, minlength=len(cache.meta.folders))
    small = (sizes < SMALL * sizes[sizes > 0].mean())[labels]
    taken = np.zeros(total, dtype=bool)
    wanted = (wrong, small & ~wrong)
    for some, share in zip(wanted, (MISTAKES_SHARE, SMALL_SHARE), strict=True):
        taken[order[some[order]][: int(share * MOST)]] = True
    rest = order[~(taken | wrong | small)[order]]
    taken[rest[: MOST - int(taken.sum())]] = True
    others = order[~taken[order]]  # more mistakes, where there is still room
    taken[others[: MOST - int(taken.sum())]] = True
    wrongly, smalls = (_part(int((taken & some).sum()), int(some.sum())) for some in wanted)
    note = (
        f"a probe of {MOST:,} of {total:,} images: {wrongly} mistakes, {smalls} other images of "
        "small classes (under half the mean class), and others by a hash of the path"
    )
    return Probe(np.flatnonzero(taken).astype(np.int64), note)


def _part(count: int, whole: int) -> str:
    return f"all {whole:,}" if count == whole else f"{count:,} of {whole:,}"


def _hashed(path: str) -> int:
    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big")
