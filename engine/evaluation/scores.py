"""Feature cache -> classes by accuracy (docs/concepts.md: accuracy by class). No torch."""

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
CONFUSIONS = 3
LOGITS_AT_ONCE = 2**22


def wilson(correct: int, n: int) -> tuple[float, float] | None:
    """Return Wilson's 95% interval of a proportion, None for n = 0."""
    if n == 0:
        return None
    share, spread = correct / n, Z95 * Z95 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # rounding must not leave the share itself outside
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


@dataclass(frozen=True)
class Labelled:
    """What is asked of a feature cache's images, where there is no feature cache."""

    labels: Array
    classes: Sequence[str]
    groups: Array | None
    groups_named: Sequence[str]


def score(
    cache: FeatureCache, predicted: Array | None = None, shares: Sequence[float] = ()
) -> Classes:
    """Score every class, and every group where there are.

    Args:
        cache: The feature cache of the split.
        predicted: (n,) classes to score instead of the classifier's own.
        shares: The training split's group shares, for the re-weighted mean.
    """
    predicted = cache.predicted if predicted is None else predicted
    scored = score_labelled(cache, predicted, cache.meta.split, shares)
    return structs.replace(scored, skipped=cache.meta.skipped)


def score_labelled(
    images: FeatureCache | Labelled, predicted: Array, split: str, shares: Sequence[float] = ()
) -> Classes:
    """Score predictions (n,) of labelled images, with none skipped."""
    right = predicted == images.labels
    classes = _class_scores(images, predicted, right)
    seen = [entry.accuracy for entry in classes if entry.accuracy is not None]
    groups = _group_scores(images, right)
    known = [g.accuracy for g in groups or () if g.accuracy is not None]
    weighted = None
    if groups and len(shares) == len(groups) == len(known):
        weighted = float(np.dot(shares, known))
    return Classes(
        split=split,
        n=len(right),
        accuracy=float(right.mean()) if len(right) else None,
        mean_class_accuracy=float(np.mean(seen)) if seen else None,
        skipped=(),
        classes=classes,
        groups=groups,
        worst_group_accuracy=min(known) if known else None,
        train_weighted_accuracy=weighted,
    )


def _class_scores(
    cache: FeatureCache | Labelled, predicted: Array, right: Array
) -> tuple[ClassScore, ...]:
    classes = len(cache.classes)
    n = np.bincount(cache.labels, minlength=classes).tolist()
    correct = np.bincount(cache.labels[right], minlength=classes).tolist()
    pairs = zip(cache.labels[~right].tolist(), predicted[~right].tolist(), strict=True)
    taken: dict[int, list[tuple[int, int]]] = {}
    for (label, other), count in Counter(pairs).items():
        taken.setdefault(label, []).append((-count, other))
    return tuple(
        ClassScore(
            index=index,
            name=name,
            n=n[index],
            correct=correct[index],
            accuracy=correct[index] / n[index] if n[index] else None,
            ci=wilson(correct[index], n[index]),
            confused_with=tuple(
                Confusion(other, cache.classes[other], -count)
                for count, other in sorted(taken.get(index, []))[:CONFUSIONS]
            ),
        )
        for index, name in enumerate(cache.classes)
    )


def _group_scores(cache: FeatureCache | Labelled, right: Array) -> tuple[GroupScore, ...] | None:
    if cache.groups is None:
        return None
    scores = []
    for index, name in enumerate(cache.groups_named):
        inside = right[cache.groups == index]
        n, correct = len(inside), int(inside.sum())
        scores.append(
            GroupScore(
                index=index,
                name=name,
                n=n,
                correct=correct,
                accuracy=correct / n if n else None,
                ci=wilson(correct, n),
            )
        )
    return tuple(scores)


def probabilities(logits: Array) -> Array:
    """Return the softmax of (n, C) logits, in float64."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def mistakes(cache: FeatureCache, class_index: int) -> Mistakes:
    """List the mistakes of a class, surest wrong answer first."""
    all_rows = cache.array("mistake_rows")
    places = np.flatnonzero(cache.labels[all_rows] == class_index)
    arrays = {name: cache.array(name) for name in ("steps", "flipped", "insufficient", "excessive")}
    seen = _seen(cache, np.asarray(all_rows[places]))
    found = [
        Mistake(
            **structs.asdict(image),
            steps=int(arrays["steps"][place]),
            flipped=bool(arrays["flipped"][place]),
            insufficient=tuple(j for j in arrays["insufficient"][place].tolist() if j >= 0),
            excessive=tuple(j for j in arrays["excessive"][place].tolist() if j >= 0),
        )
        for image, place in zip(seen, places.tolist(), strict=True)
    ]
    return Mistakes(
        class_=Label(class_index, cache.classes[class_index]),
        n=int((cache.labels == class_index).sum()),
        mistakes=tuple(sorted(found, key=lambda mistake: -mistake.p_predicted)),
    )


def right_ones(cache: FeatureCache, class_index: int) -> tuple[Seen, ...]:
    """List the images of a class that are predicted as it, least sure first."""
    rows = np.flatnonzero((cache.labels == class_index) & (cache.predicted == class_index))
    return tuple(sorted(_seen(cache, rows), key=lambda image: image.p_true))


def _seen(cache: FeatureCache, rows: Array) -> list[Seen]:
    """Describe images, a bounded part of their logits at a time."""
    at_once = max(1, LOGITS_AT_ONCE // len(cache.classes))
    parts = [rows[at : at + at_once] for at in range(0, len(rows), at_once)]
    return [image for part in parts for image in _described(cache, part)]


def _described(cache: FeatureCache, rows: Array) -> list[Seen]:
    found = []
    for row, chances in zip(rows.tolist(), probabilities(cache.logits[rows]), strict=True):
        label, guess = int(cache.labels[row]), int(cache.predicted[row])
        found.append(
            Seen(
                path=cache.path(row),
                true=Label(label, cache.classes[label]),
                predicted=Label(guess, cache.classes[guess]),
                p_true=float(chances[label]),
                p_predicted=float(chances[guess]),
                group=None if cache.groups is None else cache.groups_named[cache.groups[row]],
            )
        )
    return found


def outcome(
    cache: FeatureCache | Labelled, right: Array, classes: Sequence[int], rows: Array | None = None
) -> Outcome:
    """Summarise rightness over the split, or over `rows` of it; `right` is aligned to them."""
    labels = cache.labels if rows is None else cache.labels[rows]
    n = np.bincount(labels, minlength=len(cache.classes))
    share = np.bincount(labels, weights=right, minlength=len(n)) / np.maximum(n, 1)
    aimed = [k for k in classes if n[k]]
    worst_group = None
    if cache.groups is not None:
        groups = cache.groups if rows is None else cache.groups[rows]
        counts = np.bincount(groups, minlength=len(cache.groups_named))
        sums = np.bincount(groups, weights=right, minlength=len(counts))
        worst_group = float((sums[counts > 0] / counts[counts > 0]).min())
    return Outcome(
        overall=float(np.mean(right)),
        target=float(share[aimed].mean()) if aimed else None,
        worst_class=float(share[n > 0].min()),
        worst_group=worst_group,
    )


def mean_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """Average outcomes field by field."""

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return Outcome(
        overall=float(np.mean([o.overall for o in outcomes])),
        target=mean([o.target for o in outcomes]),
        worst_class=mean([o.worst_class for o in outcomes]),
        worst_group=mean([o.worst_group for o in outcomes]),
    )
