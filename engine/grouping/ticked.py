"""Two kinds of images told apart by the direction of those that a person ticked. No torch."""

from collections.abc import Collection

import numpy as np
from msgspec import structs

from engine.features.cache import FeatureCache
from engine.grouping.described import Described, by_features
from engine.grouping.directions import LEAST, MOST, find_cut
from engine.grouping.finding import Found, Kinds, measured, of_class, unstable
from engine.schema.arrays import Array
from engine.schema.errors import RequestError

TICKED = "ticked"
"""The value of images like the ticked ones, unless it is given a name."""


def ticked_rows(cache: FeatureCache, paths: Collection[str]) -> Array:
    """Return the rows of ticked images, sorted.

    Args:
        cache: Of their split.
        paths: As `FeatureCache.path` gives them, or below the data's root.

    Raises:
        RequestError: None is ticked, or one is no image of the split.
    """
    known = {cache.path(row): row for row in range(cache.meta.n)}
    known |= {sample.path: row for row, sample in enumerate(cache.samples)}
    unknown = sorted(path for path in paths if path not in known)
    if unknown:
        raise RequestError(f"{unknown[0]} is no image of {cache.meta.split}.")
    if not paths:
        raise RequestError("No image is ticked; tick those that are of one kind.")
    return np.array(sorted({known[path] for path in paths}), dtype=np.int64)


def by_ticked(
    cache: FeatureCache,
    selection: Array,
    paths: Collection[str],
    seed: int,
    images: Described | None = None,
    name: str = TICKED,
) -> Found:
    """Divide the ticked images' classes along the direction from the others to the ticked ones.

    As `engine.grouping.finding.by_directions` does with mistakes, and held to the same: at least 3
    ticked images and 3 others among the selection images, kinds that are stable, and ticked images
    that gather on one side. The rule applies to every split, where `by_hand.save_by_hand` groups
    the ticked images' own split alone, as they were ticked.

    Args:
        cache: Of the evaluation split, whose images were ticked.
        selection: Its rows that may be looked at: ticked images beyond them find nothing.
        paths: Of the ticked images.
        seed: Of the resamples.
        images: What describes them; None: the classifier's own features.
        name: What the ticked images are.

    Raises:
        RequestError: None is ticked, one is no image of the split, or the name is none.
    """
    values = _values(name)
    rows = ticked_rows(cache, paths)
    images = by_features(cache) if images is None else images
    mean, scale = images.standard(selection)
    cuts, kinds = {}, list[Kinds]()
    for k in np.unique(cache.own_labels[rows]).tolist():
        whole = images.having(selection[cache.labels[selection] == k])
        some = _drawn(whole, np.isin(whole, rows), seed, k)
        ticked = np.isin(some, rows)
        told = of_class(cache, k, some)
        if why_not := _too_few(ticked, int((cache.own_labels[rows] == k).sum())):
            kinds.append(structs.replace(told, why_not=why_not))
            continue
        features = (images.at(some) - mean) / scale
        cut = find_cut(features, ticked, ticked, seed)
        why_not = unstable(cut, f"its {int(ticked.sum())} ticked images")
        if not why_not:
            cuts[k] = (cut.direction, cut.threshold)
        kinds.append(structs.replace(measured(told, cut), by="ticked", why_not=why_not))
    return Found(values, images.space, mean, scale, cuts, tuple(kinds))


def _values(name: str) -> tuple[str, str]:
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise RequestError(f"{name!r} is no name for ticked images; give a word or a few.")
    return name, f"not {name}"


def _drawn(rows: Array, ticked: Array, seed: int, k: int) -> Array:
    """Return a class's rows, of a very large one 5,000: at random, but ticked ones first."""
    if len(rows) <= MOST:
        return rows
    rng = np.random.default_rng((61, seed, k))
    first = rng.permutation(rows[ticked])[: MOST // 2]
    rest = rng.permutation(rows[~ticked])[: MOST - len(first)]
    return np.sort(np.concatenate([first, rest]))


def _too_few(ticked: Array, every: int) -> str:
    count, others = int(ticked.sum()), int((~ticked).sum())
    if count < LEAST:
        return (
            f"too few of its {every} ticked images are among those that may be looked at ({count})"
        )
    return f"too few others to compare with ({others})" if others < LEAST else ""
