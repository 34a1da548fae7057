"""Mistakes that may be the label's and not the classifier's. No torch.

Source: Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset
Labels" (docs/concepts.md, suspects). Written here because cleanlab, the authors' library, wants
all (n, C) probabilities in memory and installs pandas; tests hold the two to the same images.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from msgspec import structs

from engine.evaluation.scores import LOGITS_AT_ONCE, probabilities
from engine.features.aside import Listed, bring_back, set_aside
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Classes, Label, Mistakes, Suspect

TINY = 1e-6
"""Rounding that still reaches a threshold, as in cleanlab."""


def disagreements(logits: Array, predicted: Array, labels: Array) -> list[tuple[int, int, float]]:
    """Return the mistakes that are confidently of another class: (row, that class, margin).

    A class's threshold is the mean probability of that class over its own images. An image whose
    probability reaches the threshold of one class is confidently of that class, of several: of
    the most probable. It is suspect when that is not its label, and it is a mistake: what is
    predicted as labelled has no class that speaks louder than its own. A class without images has
    no threshold, so nothing looks like it. About 4 million logits are read at once.

    Args:
        logits: (n, C), of images that the classifier was not trained on.
        predicted: (n,), the class of each row's largest logit.
        labels: (n,), -1 for an image that does not count.
    """
    rows = np.flatnonzero(labels >= 0)
    parts = [p[np.arange(len(part)), labels[part]] for part, p in _in_parts(logits, rows)]
    n = np.bincount(labels[rows], minlength=logits.shape[1])
    sums = np.bincount(labels[rows], weights=np.concatenate(parts), minlength=len(n))
    thresholds = np.where(n > 0, sums / np.maximum(n, 1), np.inf) - TINY
    found = []
    for part, p in _in_parts(logits, rows[predicted[rows] != labels[rows]]):
        reached = p >= thresholds
        several = reached.sum(axis=1) > 1
        # as published: of several, the most probable of all classes
        looks = np.where(several, p.argmax(axis=1), reached.argmax(axis=1))
        for at in np.flatnonzero(reached.any(axis=1) & (looks != labels[part])).tolist():
            k, row = int(looks[at]), int(part[at])
            found.append((row, k, float(p[at, k] - p[at, labels[row]])))
    return found


def _in_parts(logits: Array, rows: Array) -> Iterator[tuple[Array, Array]]:
    """Yield rows and their probabilities, a bounded part at a time."""
    at_once = max(1, LOGITS_AT_ONCE // logits.shape[1])
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        yield part, probabilities(logits[part])


@lru_cache(maxsize=2)
def suspects(cache: FeatureCache) -> dict[int, Suspect]:
    """Return the mistakes whose labels are suspect, by row.

    Images set aside neither set thresholds nor are suspect.
    """
    found = disagreements(cache.logits, cache.predicted, cache.labels)
    return {row: Suspect(Label(k, cache.classes[k]), margin) for row, k, margin in found}


def with_suspects(answer: Mistakes, cache: FeatureCache) -> Mistakes:
    """Return a class's mistakes, each with why its label is suspect."""
    k = answer.class_.index
    own = {row: one for row, one in suspects(cache).items() if cache.labels[row] == k}
    by_path = {cache.path(row): one for row, one in own.items()}
    marked = tuple(
        structs.replace(mistake, suspect=by_path.get(mistake.path)) for mistake in answer.mistakes
    )
    return structs.replace(answer, mistakes=marked)


def count_suspects(answer: Classes, cache: FeatureCache) -> Classes:
    """Return the classes' scores with how many labels of each are suspect."""
    rows = np.array(list(suspects(cache)), dtype=np.int64)
    counts = np.bincount(cache.labels[rows], minlength=len(cache.classes)).tolist()
    classes = tuple(structs.replace(one, suspects=counts[one.index]) for one in answer.classes)
    return structs.replace(answer, suspects=len(rows), classes=classes)


def listed_of(cache: FeatureCache, rows: Sequence[int]) -> list[Listed]:
    """Return images, by row, as the list of what is set aside has them, with the reason known."""
    known = suspects(cache)
    return [
        Listed(
            path=cache.samples[row].path,
            split=cache.meta.split,
            class_=cache.classes[cache.own_labels[row]],
            reason=f"looks like {known[row].looks_like.name}" if row in known else "",
        )
        for row in rows
    ]


def mark_aside(home: Path, cache: FeatureCache, path: str, *, aside: bool) -> None:
    """Set the image of a path that `cache.path` gave aside, or bring it back.

    Raises:
        EngineError: It would be the last that counts, or the list cannot be written.
    """
    row = cache.samples.index(cache.sample_at(path))
    if aside:
        cache.without(np.union1d(cache.aside, [row]))  # refuses to leave none
        set_aside(home, listed_of(cache, [row]))
    else:
        bring_back(home, [(cache.meta.split, cache.samples[row].path)])
