"""Accuracies of classes and groups, and the mistakes of a class, from a feature cache. No torch.

Source: docs/concepts.md, accuracy by class.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from msgspec import structs

from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import (
    Classes,
    ClassScore,
    Confusion,
    GroupScore,
    Label,
    Mistake,
    Mistakes,
    Outcome,
    Seen,
)

Z95 = 1.959963984540054
"""The normal distribution's 97.5% quantile."""
CONFUSIONS = 3
"""Top confusions listed for a class."""
LOGITS_AT_ONCE = 2**22
"""Bounds the memory: numbers of logits read at once."""


def wilson(correct: int, n: int) -> tuple[float, float] | None:
    """Return Wilson's 95% interval of the proportion correct / n, in 0 to 1; None for n = 0."""
    if n == 0:
        return None
    share, spread = correct / n, Z95 * Z95 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # rounding must not exclude the proportion itself
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


@dataclass(frozen=True)
class Labelled:
    """Labels and groups of images that have no feature cache.

    The attributes have the names and shapes of `FeatureCache`'s.
    """

    labels: Array
    """(n,), indices into `classes`."""
    classes: Sequence[str]
    groups: Array | None
    groups_named: Sequence[str]


def score(
    cache: FeatureCache, predicted: Array | None = None, shares: Sequence[float] = ()
) -> Classes:
    """Score every class, and every group if there are groups.

    Args:
        cache: The feature cache of the split.
        predicted: (n,) predictions to score instead of the classifier's own.
        shares: Each group's share of the training split, for the re-weighted mean.
    """
    predicted = cache.predicted if predicted is None else predicted
    scored = score_labelled(cache, predicted, cache.meta.split, shares)
    aside = np.bincount(cache.own_labels[cache.aside], minlength=len(scored.classes)).tolist()
    return structs.replace(
        scored,
        skipped=cache.meta.skipped,
        differs=cache.meta.differs,
        set_aside=len(cache.aside),
        classes=tuple(structs.replace(one, set_aside=aside[one.index]) for one in scored.classes),
    )


def score_labelled(
    images: FeatureCache | Labelled, predicted: Array, split: str, shares: Sequence[float] = ()
) -> Classes:
    """Score predictions of labelled images; the result's `skipped` is empty.

    Args:
        images: Their n labels and groups.
        predicted: (n,) class indices.
        split: The split's name.
        shares: Each group's share of the training split, for the re-weighted mean.
    """
    correct = predicted == images.labels
    counts = images.labels >= 0  # else it is set aside
    classes = _class_scores(images, predicted, correct)
    accuracies = [entry.accuracy for entry in classes if entry.accuracy is not None]
    groups = _group_scores(images, correct)
    known = [group.accuracy for group in groups or () if group.accuracy is not None]
    weighted = None
    if groups and len(shares) == len(groups) == len(known):
        weighted = float(np.dot(shares, known))
    return Classes(
        split=split,
        n=int(counts.sum()),
        accuracy=float(correct[counts].mean()) if counts.any() else None,
        mean_class_accuracy=float(np.mean(accuracies)) if accuracies else None,
        skipped=(),
        classes=classes,
        groups=groups,
        worst_group_accuracy=min(known) if known else None,
        train_weighted_accuracy=weighted,
    )


def _class_scores(
    images: FeatureCache | Labelled, predicted: Array, correct: Array
) -> tuple[ClassScore, ...]:
    classes = len(images.classes)
    wrong = ~correct & (images.labels >= 0)
    n = np.bincount(images.labels[correct | wrong], minlength=classes).tolist()
    hits = np.bincount(images.labels[correct], minlength=classes).tolist()
    pairs = zip(images.labels[wrong].tolist(), predicted[wrong].tolist(), strict=True)
    confusions: dict[int, list[tuple[int, int]]] = {}
    for (label, other), count in Counter(pairs).items():
        confusions.setdefault(label, []).append((-count, other))
    return tuple(
        ClassScore(
            index=index,
            name=name,
            n=n[index],
            correct=hits[index],
            accuracy=hits[index] / n[index] if n[index] else None,
            ci=wilson(hits[index], n[index]),
            confused_with=tuple(
                Confusion(other, images.classes[other], -count)
                for count, other in sorted(confusions.get(index, []))[:CONFUSIONS]
            ),
        )
        for index, name in enumerate(images.classes)
    )


def _group_scores(images: FeatureCache | Labelled, correct: Array) -> tuple[GroupScore, ...] | None:
    if images.groups is None:
        return None
    scores = []
    for index, name in enumerate(images.groups_named):
        members = correct[images.groups == index]
        n, hits = len(members), int(members.sum())
        scores.append(
            GroupScore(
                index=index,
                name=name,
                n=n,
                correct=hits,
                accuracy=hits / n if n else None,
                ci=wilson(hits, n),
            )
        )
    return tuple(scores)


def probabilities(logits: Array) -> Array:
    """Return the softmax of (n, C) logits, in float64."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def mistakes(cache: FeatureCache, class_index: int) -> Mistakes:
    """List the mistakes of a class, most confident first."""
    mistake_rows = cache.array("mistake_rows")
    entries = np.flatnonzero(cache.labels[mistake_rows] == class_index)
    arrays = {name: cache.array(name) for name in ("steps", "flipped", "insufficient", "excessive")}
    images = _described(cache, np.asarray(mistake_rows[entries]))
    listed = [
        Mistake(
            **structs.asdict(image),
            steps=int(arrays["steps"][entry]),
            flipped=bool(arrays["flipped"][entry]),
            insufficient=tuple(j for j in arrays["insufficient"][entry].tolist() if j >= 0),
            excessive=tuple(j for j in arrays["excessive"][entry].tolist() if j >= 0),
        )
        for image, entry in zip(images, entries.tolist(), strict=True)
    ]
    return Mistakes(
        class_=Label(class_index, cache.classes[class_index]),
        n=int((cache.labels == class_index).sum()),
        mistakes=tuple(sorted(listed, key=lambda mistake: -mistake.p_predicted)),
        set_aside=tuple(_described(cache, _aside_of(cache, class_index))),
    )


def _aside_of(cache: FeatureCache, class_index: int) -> Array:
    return np.asarray(cache.aside[cache.own_labels[cache.aside] == class_index])


def correct_images(cache: FeatureCache, class_index: int) -> tuple[Seen, ...]:
    """List the images of a class that are predicted correctly, least confident first."""
    rows = np.flatnonzero((cache.labels == class_index) & (cache.predicted == class_index))
    return tuple(sorted(_described(cache, rows), key=lambda image: image.p_true))


def _described(cache: FeatureCache, rows: Array) -> list[Seen]:
    """Describe images, reading a bounded part of their logits at a time."""
    at_once = max(1, LOGITS_AT_ONCE // len(cache.classes))
    parts = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
    return [image for part in parts for image in _described_part(cache, part)]


def _described_part(cache: FeatureCache, rows: Array) -> list[Seen]:
    images = []
    for row, p in zip(rows.tolist(), probabilities(cache.logits[rows]), strict=True):
        label, predicted = int(cache.own_labels[row]), int(cache.predicted[row])
        images.append(
            Seen(
                path=cache.path(row),
                true=Label(label, cache.classes[label]),
                predicted=Label(predicted, cache.classes[predicted]),
                p_true=float(p[label]),
                p_predicted=float(p[predicted]),
                group=_group_of(cache, row),
            )
        )
    return images


def _group_of(cache: FeatureCache, row: int) -> str | None:
    if cache.groups is None or cache.groups[row] < 0:
        return None
    return cache.groups_named[cache.groups[row]]


def outcome(
    images: FeatureCache | Labelled,
    correct: Array,
    classes: Sequence[int],
    rows: Array | None = None,
) -> Outcome:
    """Summarise which images are predicted correctly as accuracies.

    Args:
        images: Labels and groups of the split.
        correct: (m,), whether each image is predicted correctly.
        classes: The classes whose mean accuracy is the target.
        rows: (m,), the images' rows in the split; None for all of them.
    """
    labels = images.labels if rows is None else images.labels[rows]
    counts = labels >= 0  # else it is set aside
    labels, correct = labels[counts], correct[counts]
    n = np.bincount(labels, minlength=len(images.classes))
    accuracy = np.bincount(labels, weights=correct, minlength=len(n)) / np.maximum(n, 1)
    targets = [k for k in classes if n[k]]
    worst_group = None
    if images.groups is not None:
        groups = images.groups if rows is None else images.groups[rows]
        groups = groups[counts]
        known = groups >= 0
        sizes = np.bincount(groups[known], minlength=len(images.groups_named))
        sums = np.bincount(groups[known], weights=correct[known], minlength=len(sizes))
        if known.any():
            worst_group = float((sums[sizes > 0] / sizes[sizes > 0]).min())
    return Outcome(
        overall=float(np.mean(correct)),
        target=float(accuracy[targets].mean()) if targets else None,
        worst_class=float(accuracy[n > 0].min()),
        worst_group=worst_group,
    )


def mean_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """Average outcomes field by field, each over the outcomes that have it."""

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return Outcome(
        overall=float(np.mean([o.overall for o in outcomes])),
        target=mean([o.target for o in outcomes]),
        worst_class=mean([o.worst_class for o in outcomes]),
        worst_group=mean([o.worst_group for o in outcomes]),
    )
