"""What the kinds of images that were found look like, in words. No torch.

Source: docs/concepts.md, groups without labels.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from msgspec import structs

from engine.grouping.finding import Found, Kinds
from engine.schema.arrays import Array
from engine.schema.records import Label
from engine.words.known import known_classes
from engine.words.naming_mistakes import MOST, ClassWords, known_among_confusions, separated
from engine.words.space import WordSpace

KEPT = 3
"""Words of a side."""
ONLY_CLASSES = "only names of classes separate the two kinds"


def name_kinds(space: WordSpace, found: Found, values: Sequence[str], seed: int = 0) -> Found:
    """Return what was found with words for both kinds of each class that is divided.

    Where CLIP's own features found the kinds, almost any word separates them: they were cut apart
    along a line in its space. So the permutation test alone says little there; a word must also
    stand out from what words do by luck, and be of a CLIP that knows the class.

    Args:
        space: The words, and the images that may be looked at.
        found: The kinds.
        values: The value of every image of the split's feature cache.
        seed: Of the permutations, and of the images drawn from very many.
    """
    every = np.asarray(values, dtype=object)[space.rows]
    named = [
        kind if kind.index not in found.cuts else _named(space, found, kind, every, seed)
        for kind in found.kinds
    ]
    return replace(found, kinds=tuple(named))


def _named(space: WordSpace, found: Found, kind: Kinds, values: Array, seed: int) -> Kinds:
    k = kind.index
    sides = [np.flatnonzero((space.labels == k) & (values == value)) for value in found.values]
    if not all(len(side) for side in sides):
        return structs.replace(kind, no_words="all images looked at are of one kind")
    rng = np.random.default_rng((59, seed, k))
    some = [np.sort(rng.permutation(side)[:MOST]) if len(side) > MOST else side for side in sides]
    mistaken = bool(((space.labels == k) & (space.predicted != k)).any())
    # where nearly all of a class are on land, any word for land would seem to know the class
    kinds = np.where(values == found.values[0], 0, np.where(values == found.values[1], 1, 2))
    if mistaken:
        known = known_among_confusions(space, k, None, seed, kinds)
    else:
        known = known_classes(space, seed, kinds)
    told = ClassWords(
        class_=Label(k, kind.name),
        words=(),
        tested=len(space.words),
        mistakes=len(some[0]),
        right=len(some[1]),
    )
    tested = separated(space, (some[0], some[1]), told, known, "the two kinds", seed)
    words = tested.shown(space.words, space.is_class)
    by_value = dict(zip(found.values, (words.looks_like, words.others_like), strict=True))
    if any(by_value.values()):
        return structs.replace(kind, words={value: w[:KEPT] for value, w in by_value.items()})
    return structs.replace(kind, no_words=words.why_not or ONLY_CLASSES)
