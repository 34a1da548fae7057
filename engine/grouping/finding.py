"""From a feature cache to kinds of images, for this and any other split. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct, structs

from engine.features.cache import FeatureCache
from engine.features.parts import in_parts
from engine.grouping.directions import LEAST, MOST, STABLE, Cut, find_cut, otsu
from engine.schema.arrays import Array
from engine.schema.errors import RequestError

LIKE_MISTAKES, LIKE_OTHERS = "like its mistakes", "like the others"
"""The values of a grouping by directions. They are relative to the class: what is unusual for one
class may be usual for another."""
SHOWN = 5
"""Classes named in a sentence."""
TINY = 1e-6
"""Added to standard deviations; a neuron that never fires has none."""


class Kinds(Struct, frozen=True, kw_only=True):
    """What was found in one class."""

    index: int
    name: str
    mistakes: int
    """Among the images looked at."""
    images: int
    stability: float | None = None
    """Share of resamples in which disjoint halves of the images find the same kinds."""
    by: str = ""
    """What the direction comes from: `mistakes`, `loss`, or `neurons`."""
    why_not: str = ""
    """Why the class is not divided; empty where it is."""


@dataclass(frozen=True)
class Found:
    """Kinds of images in some classes, as a rule that applies to the features of any split."""

    values: tuple[str, str]
    """Of the images above and below a class's threshold."""
    mean: Array
    scale: Array
    """(D,), of the images looked at: features are standardised by these."""
    cuts: Mapping[int, tuple[Array, float]]
    """By class: a direction (D,) and a threshold on it. Classes that are not divided have none."""
    kinds: tuple[Kinds, ...]

    def apply(self, cache: FeatureCache) -> list[str]:
        """Return the value of each image of a split; empty for classes that are not divided."""
        found = [""] * cache.meta.n
        for k, (direction, threshold) in self.cuts.items():
            rows = np.flatnonzero(cache.own_labels == k)  # also of what may be brought back
            for part, features in in_parts(cache.features, rows):
                above = (features - self.mean) / self.scale @ direction > threshold
                for row, high in zip(part.tolist(), above.tolist(), strict=True):
                    found[row] = self.values[0 if high else 1]
        return found

    @property
    def refusal(self) -> str:
        """Why no class is divided, as the start of a sentence; empty where one is."""
        if self.cuts:
            return ""
        shown = "; ".join(f"{kind.name}: {kind.why_not}" for kind in self.kinds[:SHOWN])
        more = f"; and {len(self.kinds) - SHOWN} more" if len(self.kinds) > SHOWN else ""
        return f"No two kinds of images were found ({shown}{more})"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the classes that are not divided have to do with it, in sentences."""
        whole = [kind for kind in self.kinds if kind.why_not]
        shown = "; ".join(f"{kind.name}: {kind.why_not}" for kind in whole[:SHOWN])
        more = f"; and {len(whole) - SHOWN} more" if len(whole) > SHOWN else ""
        return (f"Not divided, each one group: {shown}{more}.",) if whole else ()


def by_directions(
    cache: FeatureCache, selection: Array, classes: Sequence[int], seed: int
) -> Found:
    """Divide classes along the direction of their mistakes, looking at the selection images only.

    Args:
        cache: Of the evaluation split.
        selection: Its rows that may be looked at.
        classes: Those to divide.
        seed: Of the resamples, and of the images drawn from very large classes.
    """
    mean, scale = _standard(cache.features, selection)
    cuts, kinds = {}, []
    for k in classes:
        rows = selection[cache.labels[selection] == k]
        if len(rows) > MOST:
            rows = np.sort(np.random.default_rng((19, seed, k)).permutation(rows)[:MOST])
        wrong = cache.predicted[rows] != k
        told = _told(cache, k, rows)
        if why_not := _too_few(wrong):
            kinds.append(structs.replace(told, why_not=why_not))
            continue
        features = (np.asarray(cache.features[rows], dtype=np.float64) - mean) / scale
        cut = find_cut(features, wrong, _loss(cache.logits[rows], k), seed)
        why_not = _unstable(cut, int(wrong.sum()))
        if not why_not:
            cuts[k] = (cut.direction, cut.threshold)
        told = structs.replace(told, stability=cut.stability, by=cut.by)
        kinds.append(structs.replace(told, why_not=why_not))
    return Found((LIKE_MISTAKES, LIKE_OTHERS), mean, scale, cuts, tuple(kinds))


def _told(cache: FeatureCache, k: int, rows: Array) -> Kinds:
    mistakes = int((cache.predicted[rows] != k).sum())
    return Kinds(index=k, name=cache.classes[k], mistakes=mistakes, images=len(rows))


def _too_few(wrong: Array) -> str:
    count, right = int(wrong.sum()), int((~wrong).sum())
    if count < LEAST:
        return f"too few mistakes to group ({count})"
    return f"too few right images to compare with ({right})" if right < LEAST else ""


def _unstable(cut: Cut, count: int) -> str:
    if cut.stable:
        return ""
    if cut.stability < STABLE:
        return f"its {count} mistakes are no kind of their own (stable in {cut.stability:.0%})"
    return f"its {count} mistakes may lie together by chance (p {cut.chance:.2f})"


def _loss(logits: Array, k: int) -> Array:
    """Return 1 minus the probability of class k, (n,), of (n, C) logits."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(1 - shifted[:, k] / shifted.sum(axis=1))


def by_neurons(
    cache: FeatureCache, selection: Array, classes: Sequence[int], neurons: Sequence[int]
) -> Found:
    """Divide classes by how strongly some neurons fire: the mean of their z-scores, by Otsu.

    Raises:
        RequestError: There is no such neuron.
    """
    width = cache.meta.width
    for neuron in neurons:
        if not 0 <= neuron < width:
            raise RequestError(f"There is no neuron {neuron}; there are 0 to {width - 1}.")
    mean, scale = _standard(cache.features, selection)
    direction = np.zeros(width)
    direction[list(neurons)] = 1 / len(set(neurons))
    cuts, kinds = {}, []
    for k in classes:
        rows = selection[cache.labels[selection] == k]
        parts = [
            (features - mean) / scale @ direction for _, features in in_parts(cache.features, rows)
        ]
        along = np.concatenate(parts) if parts else np.zeros(0)
        told = _told(cache, k, rows)
        if len(along) < 2 or np.ptp(along) == 0:
            kinds.append(structs.replace(told, why_not="its images do not differ there"))
            continue
        cuts[k] = (direction, float(otsu(along[:, None])[0]))
        kinds.append(structs.replace(told, by="neurons"))
    named = "+".join(map(str, neurons))
    return Found((f"{named} strong", f"{named} weak"), mean, scale, cuts, tuple(kinds))


def _standard(features: Array, rows: Array) -> tuple[Array, Array]:
    """Return the mean and the standard deviation (D,) of some rows, a bounded part at a time."""
    total = sum(part.sum(axis=0) for _, part in in_parts(features, rows))
    mean = np.asarray(total / len(rows))
    squares = sum(((part - mean) ** 2).sum(axis=0) for _, part in in_parts(features, rows))
    return mean, np.sqrt(np.asarray(squares) / len(rows)) + TINY
