"""The groups that an edit goes by instead of the data's own (`edit --group-by`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from engine.clip.image_features import open_clip_features
from engine.clip.texts import open_texts
from engine.editing.methods import EDIT_METHODS
from engine.editing.planning import divide
from engine.editing.run import Caches
from engine.features.cache import FeatureCache
from engine.grouping.choosing import find_kinds
from engine.grouping.described import CLIP, Described, by_features
from engine.grouping.laying import found_overlay, overlay
from engine.grouping.store import FOUND, load, names
from engine.schema.arrays import Array
from engine.schema.errors import RequestError
from engine.schema.requests import ClipRequest, EditRequest, Source
from engine.words.naming_kinds import name_kinds
from engine.words.opening import word_list
from engine.words.space import WordSpace


@dataclass(frozen=True)
class Sight:
    """What CLIP says of the images of a split; None where there is no CLIP, or nothing yet."""

    images: Callable[[FeatureCache], Described | None] = lambda _: None
    """Its features of all of them."""
    words: Callable[[FeatureCache], WordSpace | None] = lambda _: None
    """The words to look for in them."""


BLIND = Sight()
"""There is no CLIP."""


def looks_for_groups(evaluation: FeatureCache, request: EditRequest, home: Path) -> bool:
    """Return whether an edit finds groups, instead of taking stored ones or the data's.

    A method that finds groups has them found where neither the request nor the data has any.
    `found` is the grouping of that name where someone made one.
    """
    if request.group_by is None:
        return EDIT_METHODS.get(request.method).finds_groups and evaluation.groups is None
    return request.group_by == FOUND and FOUND not in names(home)


def grouped(caches: Caches, request: EditRequest, home: Path, sight: Sight = BLIND) -> Caches:
    """Return the caches with the request's grouping laid over each of them.

    What is found is found here, on the images that this edit chooses on.

    Args:
        caches: What the edit reads.
        request: The edit.
        home: The workspace.
        sight: What CLIP sees.

    Raises:
        RequestError: There is no such grouping, it says nothing of a split, or nothing is found.
        DataError: It is damaged.
        StorageError: It, or CLIP's features, cannot be read.
    """
    if looks_for_groups(caches.evaluation, request, home):
        return _by_found(caches, request, sight)
    if request.group_by is None:
        return caches
    stored = load(home, request.group_by)

    def lay(cache: FeatureCache) -> FeatureCache:
        return cache.with_groups(overlay(stored, cache))

    return replace(
        caches,
        evaluation=lay(caches.evaluation),
        training=[lay(cache) for cache in caches.training],
        test=None if caches.test is None else lay(caches.test),
    )


def clip_needed(
    home: Path, source: Source, caches: Caches, request: EditRequest
) -> Iterator[ClipRequest]:
    """Yield what is still to be made of CLIP's features before groups can be found.

    All images get them, however many: a group is of every image. Those of the training split only
    where the method reads its groups. And the words that the groups are named by: whether groups
    have a name decides how few mistakes are enough for them not to be in doubt.
    """
    if not source.has_clip or not looks_for_groups(caches.evaluation, request, home):
        return
    seen = [caches.evaluation, *([] if caches.test is None else [caches.test])]
    seen += caches.training[:1] if _needs_training_groups(request) else []  # views are of the same
    for cache in seen:
        if open_clip_features(home, source, cache, whole=True) is None:
            yield ClipRequest(split=cache.meta.split, whole=True)
    texts = word_list(caches.evaluation.classes).texts
    if open_texts(home, source, texts) is None:
        yield ClipRequest(split=caches.evaluation.meta.split, whole=True, texts=texts)


def _needs_training_groups(request: EditRequest) -> bool:
    return EDIT_METHODS.get(request.method).needs >= {"groups", "training"}


def _by_found(caches: Caches, request: EditRequest, sight: Sight) -> Caches:
    cache, test = caches.evaluation, caches.test
    selection, _ = divide(cache, request.seed, tested=test is not None, kept_back=caches.kept_back)
    classes = range(len(cache.classes))
    found = find_kinds(cache, selection, classes, request.seed, sight.images(cache))
    if found.refusal and cache.groups is None and EDIT_METHODS.get(request.method).finds_groups:
        return replace(caches, sought=found)  # the method says what it does without
    if found.refusal:
        raise RequestError(
            f"{found.refusal}, so there are no groups to edit by; choose a method that needs none."
        )

    if (words := sight.words(cache)) is not None:
        values = found.apply(cache, sight.images(cache) if found.space == CLIP else None)
        found = name_kinds(words.among(selection), found, values, request.seed)

    def lay(some: FeatureCache, rows: Array | None = None) -> FeatureCache:
        images = sight.images(some) if found.space == CLIP else by_features(some)
        return some.with_groups(found_overlay(found, some, rows, images))

    seen = found.space != CLIP or _needs_training_groups(request)  # else nothing reads them
    return replace(
        caches,
        evaluation=lay(cache, selection),
        training=[lay(some) for some in caches.training] if seen else caches.training,
        test=None if test is None else lay(test),
    )
