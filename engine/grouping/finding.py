"""From images to kinds of images, by a rule for this and any other split. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct, structs

from engine.features.cache import FeatureCache
from engine.grouping.described import IN_SPACE, Described, Space, by_features
from engine.grouping.directions import LEAST, MOST, STABLE, Cut, find_cut
from engine.schema.arrays import Array

LIKE_MISTAKES, LIKE_OTHERS = "like its mistakes", "like the others"
"""The values of a grouping by directions. They are relative to the class: what is unusual for one
class may be usual for another."""
SHOWN = 5
"""Classes named in a sentence."""


class Kinds(Struct, frozen=True, kw_only=True):
    """What was found in one class."""

    index: int
    name: str
    mistakes: int
    """Among the images looked at."""
    images: int
    stability: float | None = None
    """Share of resamples in which disjoint halves of the images find the same kinds."""
    clearness: float | None = None
    """How clear the gap between the kinds is: 2/pi none, 1 two points."""
    by: str = ""
    """What the direction comes from: `mistakes`, `loss`, `neurons`, `texts` or `ticked`."""
    why_not: str = ""
    """Why the class is not divided; empty where it is."""
    words: dict[str, tuple[str, ...]] = {}
    """By value, what the images of that value look like, the strongest word first."""
    no_words: str = ""
    """Why there are none; empty where there are, and where none were looked for."""

    @property
    def in_words(self) -> str:
        """What both kinds look like, or why no word says it; empty where none was looked for."""
        if self.words:
            sides = (f"{value}: {', '.join(of) or 'no word'}" for value, of in self.words.items())
            return f"{self.name}  {' | '.join(sides)}"
        return f"{self.name}: groups found; {self.no_words}." if self.no_words else ""


@dataclass(frozen=True)
class Found:
    """Kinds of images in some classes, as a rule that applies to the images of any split."""

    values: tuple[str, str]
    """Of the images above and below a class's threshold."""
    space: Space
    """What describes the images."""
    mean: Array
    scale: Array
    """(D,): descriptions are standardised by these."""
    cuts: Mapping[int, tuple[Array, float]]
    """By class: a direction (D,) and a threshold on it. Classes that are not divided have none."""
    kinds: tuple[Kinds, ...]
    why: str = ""
    """Why in this space: a sentence; empty where there was no choice."""
    nor: Space | None = None
    """Another space in which no class is divided either."""

    def apply(self, cache: FeatureCache, images: Described | None = None) -> list[str]:
        """Return the value of each image of a split.

        Empty for classes that are not divided, and for images that nothing describes.

        Args:
            cache: Of the split.
            images: What describes them; None: the classifier's own features.

        Raises:
            ValueError: They are described otherwise than those that the rule was found on.
        """
        images = by_features(cache) if images is None else images
        if images.space != self.space:
            raise ValueError(f"found in {self.space}, applied in {images.space}")
        found = [""] * cache.meta.n
        for k, (direction, threshold) in self.cuts.items():
            rows = np.flatnonzero(cache.own_labels == k)  # also of what may be brought back
            for part, features in images.parts(rows):
                above = (features - self.mean) / self.scale @ direction > threshold
                for row, high in zip(part.tolist(), above.tolist(), strict=True):
                    found[row] = self.values[0 if high else 1]
        return found

    def lacking(self, cache: FeatureCache, images: Described) -> str:
        """Say how many images of the divided classes get no value; empty where all get one."""
        rows = np.flatnonzero(np.isin(cache.own_labels, list(self.cuts)))
        if not (missing := len(rows) - len(images.having(rows))):
            return ""
        return (
            f"{missing:,} of {len(rows):,} images of {cache.meta.split} have no CLIP feature "
            f"({images.note}) and so no value."
        )

    @property
    def refusal(self) -> str:
        """Why no class is divided, as the start of a sentence; empty where one is."""
        if self.cuts:
            return ""
        return f"No two kinds of images were found {self.searched} ({_whys(self.kinds)})"

    @property
    def searched(self) -> str:
        """In which spaces kinds were looked for in vain."""
        nor = "" if self.nor is None else f", nor {IN_SPACE[self.nor]}"
        return IN_SPACE[self.space] + nor

    @property
    def notes(self) -> tuple[str, ...]:
        """Which classes are not divided, and what the kinds of the others look like."""
        whole = [kind for kind in self.kinds if kind.why_not]
        named = [kind.in_words for kind in self.kinds if kind.in_words]
        more = (f"and {len(named) - SHOWN} more classes in words",) if len(named) > SHOWN else ()
        undivided = (f"Not divided, each one group: {_whys(whole)}.",) if whole else ()
        return (*undivided, *named[:SHOWN], *more)


def _whys(kinds: Sequence[Kinds]) -> str:
    shown = "; ".join(f"{kind.name}: {kind.why_not}" for kind in kinds[:SHOWN])
    return f"{shown}; and {len(kinds) - SHOWN} more" if len(kinds) > SHOWN else shown


def by_directions(
    cache: FeatureCache,
    selection: Array,
    classes: Sequence[int],
    seed: int,
    images: Described | None = None,
) -> Found:
    """Divide classes along the direction of their mistakes, looking at the selection images only.

    Args:
        cache: Of the evaluation split.
        selection: Its rows that may be looked at.
        classes: Those to divide.
        seed: Of the resamples, and of the images drawn from very large classes.
        images: What describes them; None: the classifier's own features.
    """
    images = by_features(cache) if images is None else images
    mean, scale = images.standard(selection)
    cuts, kinds = {}, []
    for k in classes:
        rows = drawn(images.having(selection[cache.labels[selection] == k]), seed, k)
        wrong = cache.predicted[rows] != k
        told = of_class(cache, k, rows)
        if why_not := _too_few(wrong):
            kinds.append(structs.replace(told, why_not=why_not))
            continue
        features = (images.at(rows) - mean) / scale
        cut = find_cut(features, wrong, _loss(cache.logits[rows], k), seed)
        why_not = unstable(cut, f"its {int(wrong.sum())} mistakes")
        if not why_not:
            cuts[k] = (cut.direction, cut.threshold)
        told = measured(told, cut)
        kinds.append(structs.replace(told, why_not=why_not))
    return Found((LIKE_MISTAKES, LIKE_OTHERS), images.space, mean, scale, cuts, tuple(kinds))


def drawn(rows: Array, seed: int, k: int) -> Array:
    """Return the rows of a class that a direction is found on: all, or 5,000 at random, sorted."""
    if len(rows) <= MOST:
        return rows
    return np.sort(np.random.default_rng((19, seed, k)).permutation(rows)[:MOST])


def of_class(cache: FeatureCache, k: int, rows: Array) -> Kinds:
    """Return what there is to find kinds among: rows of class k."""
    mistakes = int((cache.predicted[rows] != k).sum())
    return Kinds(index=k, name=cache.classes[k], mistakes=mistakes, images=len(rows))


def measured(told: Kinds, cut: Cut) -> Kinds:
    """Return what there is with what was measured of its cut."""
    return structs.replace(told, stability=cut.stability, clearness=cut.clearness, by=cut.by)


def _too_few(wrong: Array) -> str:
    count, right = int(wrong.sum()), int((~wrong).sum())
    if count < LEAST:
        return f"too few mistakes to group ({count})"
    return f"too few right images to compare with ({right})" if right < LEAST else ""


def unstable(cut: Cut, those: str) -> str:
    """Say why a cut is no more than noise would give; empty where it is.

    Args:
        cut: What was found.
        those: What it was found by, such as `its 5 mistakes`.
    """
    if cut.stable:
        return ""
    if cut.stability < STABLE:
        return f"{those} are no kind of their own (stable in {cut.stability:.0%})"
    return f"{those} may lie together by chance (p {cut.chance:.2f})"


def _loss(logits: Array, k: int) -> Array:
    """Return 1 minus the probability of class k, (n,), of (n, C) logits."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(1 - shifted[:, k] / shifted.sum(axis=1))
