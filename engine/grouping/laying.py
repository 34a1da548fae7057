"""A grouping laid over the images of a split, and how pure it is against true groups. No torch."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.data.splits import Sample, Split
from engine.features.cache import FeatureCache
from engine.features.overlay import Overlay
from engine.grouping.described import IN_SPACE, Described, by_features
from engine.grouping.directions import BY_LOSS, BY_MISTAKES
from engine.grouping.finding import Found, Kinds
from engine.grouping.store import FOUND, Grouping, Member
from engine.io.atomic import key_of
from engine.schema.arrays import Array
from engine.schema.errors import DataError, RequestError

ENOUGH = 20
"""Mistakes of a class from which the groups that divide it are not in doubt."""
ENOUGH_NAMED = 10
"""The same where words tell its kinds apart."""


def values_of(grouping: Grouping, split: str, samples: Sequence[Sample]) -> list[str]:
    """Return the value of each of some images, empty for none.

    Args:
        grouping: Whose values.
        split: The name of their split.
        samples: The images.
    """
    known = {(m.path, m.split): m.value for m in grouping.members}
    return [known.get((s.path, split), known.get((s.path, ""), "")) for s in samples]


def groups_from(
    values: Sequence[str], labels: Array, classes: Sequence[str], known: Sequence[str]
) -> tuple[Array, tuple[str, ...]]:
    """Return groups of class x value, (n,) with -1 for none, and all groups' names.

    A class none of whose images has a value here is one group, itself: what balances groups must
    not lose it.

    Args:
        values: Of n images, empty for none.
        labels: (n,) of them.
        classes: Their names.
        known: The grouping's values, in the order of the groups.
    """
    numbers = {value: number for number, value in enumerate(known)}
    numbered = np.array([numbers.get(value, -1) for value in values], dtype=np.int64)
    # a place for every class and value, then only the places that are used
    place = np.where(numbered >= 0, labels * (len(known) + 1) + numbered, -1)
    for k in np.unique(labels):
        if (numbered[labels == k] < 0).all():
            place[labels == k] = k * (len(known) + 1) + len(known)
    used, groups = np.unique(place, return_inverse=True)
    if len(used) and used[0] < 0:
        used, groups = used[1:], groups - 1
    named = []
    for at in used.tolist():
        k, number = divmod(at, len(known) + 1)
        named.append(classes[k] + (f" × {known[number]}" if number < len(known) else ""))
    return groups.astype(np.int64), tuple(named)


def overlay(grouping: Grouping, cache: FeatureCache) -> Overlay:
    """Return a stored grouping's groups of a split.

    Raises:
        RequestError: The grouping has a value for none of its images.
    """
    split = cache.meta.split
    values = values_of(grouping, split, cache.samples)
    if not any(values):
        raise RequestError(
            f"The grouping {grouping.name} has no value for any image of {split}; make one that "
            f"has (groups make NAME --split {split})."
        )
    groups, named = groups_from(values, cache.own_labels, cache.classes, grouping.values)
    note = (
        f"Groups: {grouping.name}, from {grouping.source}; {sum(map(bool, values))} of "
        f"{len(values)} images of {split} have a value."
    )
    used = looked_at(grouping, cache)
    space = "" if grouping.origin is None else grouping.origin.space
    kinds = () if grouping.origin is None else grouping.origin.kinds
    return Overlay(
        grouping.name, grouping.digest, groups, named, used, (note,), doubtful(kinds), space
    )


def looked_at(grouping: Grouping, cache: FeatureCache) -> Array | None:
    """Return the rows of a split on which a grouping was found; None where that is unknown."""
    origin = grouping.origin
    if origin is None or origin.split != cache.meta.split or not origin.cache:
        return np.zeros(0, dtype=np.int64)
    if origin.cache != cache.meta.base:
        return None
    return np.array(origin.rows, dtype=np.int64)


def found_overlay(
    found: Found, cache: FeatureCache, rows: Array | None, images: Described | None = None
) -> Overlay:
    """Return the groups of a split by what was found for one edit.

    Args:
        found: What was found.
        cache: Of the split.
        rows: Those of its rows that were looked at; None for none.
        images: What describes its images; None: the classifier's own features.
    """
    images = by_features(cache) if images is None else images
    values = found.apply(cache, images)
    groups, named = groups_from(values, cache.own_labels, cache.classes, found.values)
    used = np.zeros(0, dtype=np.int64) if rows is None else rows
    note = (
        "Groups: found on the selection images by the direction of the mistakes "
        f"{IN_SPACE[found.space]}."
    )
    digest = key_of((groups.tolist(), named), 64)
    notes = (note, found.why, *found.notes, found.lacking(cache, images))
    notes = tuple(filter(None, notes))
    return Overlay(FOUND, digest, groups, named, used, notes, doubtful(found.kinds), found.space)


def doubtful(kinds: Sequence[Kinds]) -> tuple[str, ...]:
    """Return the classes that a direction did not divide, or did by too few mistakes.

    Fewer are enough where words tell the kinds apart: the CLIP that divided them knows the class.
    """
    return tuple(
        kind.name
        for kind in kinds
        if kind.mistakes
        and _by_direction(kinds)
        and (kind.why_not or kind.mistakes < (ENOUGH_NAMED if kind.words else ENOUGH))
    )


def _by_direction(kinds: Sequence[Kinds]) -> bool:
    return any(kind.by in (BY_LOSS, BY_MISTAKES) for kind in kinds)


def without_looked_at(laid: Overlay) -> Overlay:
    """Return the same without the images it was found on, whose accuracies it flatters."""
    groups = laid.groups.copy()
    if laid.looked_at is not None:
        groups[laid.looked_at] = -1
    return replace(laid, groups=groups)


def members_of(found: Found, cache: FeatureCache, images: Described | None = None) -> list[Member]:
    """Return a split's images with the values that they get; arguments as `found_overlay`'s."""
    values = found.apply(cache, images)
    return [
        Member(sample.path, cache.meta.split, cache.classes[sample.label], value)
        for sample, value in zip(cache.samples, values, strict=True)
    ]


def matched(
    members: Sequence[Member], splits: Sequence[Split], classes: Sequence[int], file: Path
) -> tuple[list[Member], int]:
    """Return the images of some splits with a file's values, and how many rows are of no image.

    Args:
        members: The file's rows.
        splits: Whose images.
        classes: Images of other classes get no value.
        file: For errors.

    Raises:
        DataError: No row is of any of these images, or all have one value.
    """
    found, used, values = list[Member](), set[tuple[str, str]](), set[str]()
    for listed in splits:
        below = f"{listed.root.rstrip('/')}/"
        known = {(m.path.removeprefix(below), m.split): m.value for m in members}
        for sample in listed.samples:
            keys = ((sample.path, listed.name), (sample.path, ""))
            key = next((key for key in keys if key in known), None)
            value = "" if key is None or sample.label not in classes else known[key]
            if key is not None and sample.label in classes:
                used.add(key)
            values.add(value)
            name = listed.classes[sample.label]
            found.append(Member(sample.path, listed.name, name, value))
    if not values - {""}:
        raise DataError(
            f"{file} has a value for no image of {', '.join(s.name for s in splits)}; its paths "
            f"must be those below {splits[0].root}, such as {splits[0].samples[0].path}."
        )
    if len(values - {""}) == 1:
        raise DataError(
            f"{file} gives every image the value {max(values)!r}; give two values or more."
        )
    return found, len(members) - len(used)


def purity(values: Sequence[str], listed: Split) -> dict[int, float]:
    """Return, by class, how well values match the true groups; empty where there are no such.

    Every true group of a class weighs the same: 1 where each value has images of one true group
    only, and for two groups .5 where values say nothing of them. Images without a value, and
    classes of one true group, do not count.

    Args:
        values: Of the images, empty for none.
        listed: Their split.
    """
    if not listed.groups:
        return {}
    tables: dict[int, dict[int, dict[str, int]]] = {}
    for sample, value in zip(listed.samples, values, strict=True):
        if value and sample.group >= 0:
            row = tables.setdefault(sample.label, {}).setdefault(sample.group, {})
            row[value] = row.get(value, 0) + 1
    found = {}
    for k, table in sorted(tables.items()):
        if len(table) > 1:
            shares = [{v: n / sum(row.values()) for v, n in row.items()} for row in table.values()]
            best = {v for row in shares for v in row}
            found[k] = sum(max(row.get(v, 0.0) for row in shares) for v in best) / len(shares)
    return found


def mean_purity(grouping: Grouping, listed: Split) -> float | None:
    """Return the mean over classes of `purity`; None where there is nothing to compare with."""
    found = purity(values_of(grouping, listed.name, listed.samples), listed)
    return sum(found.values()) / len(found) if found else None
