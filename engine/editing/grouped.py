"""The groups that an edit goes by instead of the data's own (`edit --group-by`)."""

from dataclasses import replace
from pathlib import Path

from engine.editing.methods import EDIT_METHODS
from engine.editing.planning import divide
from engine.editing.run import Caches
from engine.features.cache import FeatureCache
from engine.grouping.finding import by_directions
from engine.grouping.laying import found_overlay, overlay
from engine.grouping.store import FOUND, load, names
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest


def grouped(caches: Caches, request: EditRequest, home: Path) -> Caches:
    """Return the caches with the request's grouping laid over each of them.

    A method that finds groups has them found where neither the request nor the data has any.
    `found` is the grouping of that name where someone made one, else it is found here, on the
    images that this edit chooses on.

    Args:
        caches: What the edit reads.
        request: The edit.
        home: The workspace.

    Raises:
        RequestError: There is no such grouping, it says nothing of a split, or nothing is found.
        DataError: It is damaged.
        StorageError: It cannot be read.
    """
    name, finds = request.group_by, EDIT_METHODS.get(request.method).finds_groups
    if name is None and finds and caches.evaluation.groups is None:
        return _by_found(caches, request)
    if name is None:
        return caches
    if name == FOUND and FOUND not in names(home):
        return _by_found(caches, request)
    stored = load(home, name)

    def lay(cache: FeatureCache) -> FeatureCache:
        return cache.with_groups(overlay(stored, cache))

    return replace(
        caches,
        evaluation=lay(caches.evaluation),
        training=[lay(cache) for cache in caches.training],
        test=None if caches.test is None else lay(caches.test),
    )


def _by_found(caches: Caches, request: EditRequest) -> Caches:
    cache, test = caches.evaluation, caches.test
    selection, _ = divide(cache, request.seed, tested=test is not None, kept_back=caches.kept_back)
    found = by_directions(cache, selection, range(len(cache.classes)), request.seed)
    if found.refusal and cache.groups is None and EDIT_METHODS.get(request.method).finds_groups:
        return caches  # the method says what it does without
    if found.refusal:
        raise RequestError(
            f"{found.refusal}, so there are no groups to edit by; choose a method that needs none."
        )
    return replace(
        caches,
        evaluation=cache.with_groups(found_overlay(found, cache, selection)),
        training=[some.with_groups(found_overlay(found, some, None)) for some in caches.training],
        test=None if test is None else test.with_groups(found_overlay(found, test, None)),
    )
