"""Which classes a report is about. Pure."""

from collections.abc import Sequence

from engine.data.class_names import find_class
from engine.features.cache import FeatureCache
from engine.schema.records import ClassScore
from screens.words import counted

MOST = 20
"""Classes that a report is about where none are named."""


def worst_first(scores: Sequence[ClassScore]) -> list[ClassScore]:
    """Return classes by accuracy, those without images last."""
    return sorted(
        scores, key=lambda one: (2.0 if one.accuracy is None else one.accuracy, one.index)
    )


def chosen_classes(
    cache: FeatureCache, scores: Sequence[ClassScore], named: Sequence[str]
) -> tuple[list[int], str]:
    """Return the classes that a report is about, and a sentence that says why those.

    Args:
        cache: Of the evaluation split.
        scores: Of every class.
        named: Names or indices; none for the worst classes that have mistakes, at most `MOST`.

    Raises:
        RequestError: No such class.
    """
    if named:
        wanted = [find_class(key, cache.classes, cache.meta.folders) for key in named]
        indices = list(dict.fromkeys(wanted))
        return indices, f"{counted(len(indices), 'class', 'classes')}, as asked for."
    bad = [one.index for one in worst_first(scores) if one.n > one.correct]
    if not bad:
        return [], "No class has a mistake."
    if len(bad) <= MOST:
        return bad, f"{counted(len(bad), 'class', 'classes')}: all with mistakes, worst first."
    return bad[:MOST], (
        f"The {MOST} worst of {len(bad):,} classes with mistakes, by accuracy; name others with "
        "--class."
    )
