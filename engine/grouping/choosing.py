"""Directions in the space that shows the kinds most clearly: what `found` means. No torch."""

from collections.abc import Sequence
from dataclasses import replace

from engine.features.cache import FeatureCache
from engine.grouping.described import IN_SPACE, Described, by_features
from engine.grouping.directions import ONE_HEAP
from engine.grouping.finding import Found, by_directions
from engine.schema.arrays import Array


def find_kinds(
    cache: FeatureCache,
    selection: Array,
    classes: Sequence[int],
    seed: int,
    clip: Described | None,
) -> Found:
    """Divide classes along the direction of their mistakes, in CLIP's space or in the classifier's.

    The space is the one where the gaps between the kinds are clearer in total (docs/concepts.md,
    groups without labels). How much accuracy differs between the kinds would not do: along a
    direction in the classifier's own features it always differs most, as these make the decision.

    Args:
        cache: Of the evaluation split.
        selection: Its rows that may be looked at.
        classes: Those to divide.
        seed: As in `by_directions`.
        clip: The images by CLIP's features; None where there is no CLIP.
    """
    own = by_directions(cache, selection, classes, seed, by_features(cache))
    if clip is None:
        return replace(own, why="No CLIP is named in this workspace.")
    seen = by_directions(cache, selection, classes, seed, clip)
    better, other = (seen, own) if _rank(seen) >= _rank(own) else (own, seen)
    if not better.cuts:
        return replace(better, nor=other.space)
    return replace(better, why=_why(better, other))


def _rank(found: Found) -> tuple[float, int]:
    return total_clearness(found), len(found.cuts)


def total_clearness(found: Found) -> float:
    """Return how far the gaps are beyond those of one heap, summed over the divided classes."""
    divided = (kind for kind in found.kinds if not kind.why_not and kind.clearness is not None)
    return sum(max(0.0, float(kind.clearness or 0) - ONE_HEAP) for kind in divided)


def _why(better: Found, other: Found) -> str:
    where = IN_SPACE[other.space]
    if not other.cuts:
        return f"No two kinds were found {where}."
    return (
        f"The gaps between kinds are clearer there: {total_clearness(better):.2f} against "
        f"{total_clearness(other):.2f} {where} (0: no gap; {1 - ONE_HEAP:.2f} a class: two points)."
    )
