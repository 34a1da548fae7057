"""Bank -> classes by accuracy (METHOD 1). No torch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from msgspec import structs

from engine.features.cache import Bank
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
    """What is asked of a bank's images, where there is no bank."""

    labels: Array
    classes: Sequence[str]
    groups: Array | None
    groups_named: Sequence[str]


def score(bank: Bank, predicted: Array | None = None, shares: Sequence[float] = ()) -> Classes:
    """Score every class, and every group where there are.

    Args:
        bank: The bank of the split.
        predicted: (n,) classes to score instead of the classifier's own.
        shares: The training split's group shares, for the re-weighted mean.
    """
    predicted = bank.predicted if predicted is None else predicted
    scored = score_labelled(bank, predicted, bank.meta.split, shares)
    return structs.replace(scored, skipped=bank.meta.skipped)


def score_labelled(
    images: Bank | Labelled, predicted: Array, split: str, shares: Sequence[float] = ()
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


def _class_scores(bank: Bank | Labelled, predicted: Array, right: Array) -> tuple[ClassScore, ...]:
    classes = len(bank.classes)
    n = np.bincount(bank.labels, minlength=classes).tolist()
    correct = np.bincount(bank.labels[right], minlength=classes).tolist()
    pairs = zip(bank.labels[~right].tolist(), predicted[~right].tolist(), strict=True)
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
                Confusion(other, bank.classes[other], -count)
                for count, other in sorted(taken.get(index, []))[:CONFUSIONS]
            ),
        )
        for index, name in enumerate(bank.classes)
    )


def _group_scores(bank: Bank | Labelled, right: Array) -> tuple[GroupScore, ...] | None:
    if bank.groups is None:
        return None
    scores = []
    for index, name in enumerate(bank.groups_named):
        inside = right[bank.groups == index]
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


def mistakes(bank: Bank, class_index: int) -> Mistakes:
    """List the mistakes of a class, surest wrong answer first."""
    all_rows = bank.array("mistake_rows")
    places = np.flatnonzero(bank.labels[all_rows] == class_index)
    arrays = {name: bank.array(name) for name in ("steps", "mended", "lacks", "has_too_much")}
    seen = _seen(bank, np.asarray(all_rows[places]))
    found = [
        Mistake(
            **structs.asdict(image),
            steps=int(arrays["steps"][place]),
            mended=bool(arrays["mended"][place]),
            lacks=tuple(j for j in arrays["lacks"][place].tolist() if j >= 0),
            has_too_much=tuple(j for j in arrays["has_too_much"][place].tolist() if j >= 0),
        )
        for image, place in zip(seen, places.tolist(), strict=True)
    ]
    return Mistakes(
        class_=Label(class_index, bank.classes[class_index]),
        n=int((bank.labels == class_index).sum()),
        mistakes=tuple(sorted(found, key=lambda mistake: -mistake.p_predicted)),
    )


def right_ones(bank: Bank, class_index: int) -> tuple[Seen, ...]:
    """List the images of a class that are predicted as it, least sure first."""
    rows = np.flatnonzero((bank.labels == class_index) & (bank.predicted == class_index))
    return tuple(sorted(_seen(bank, rows), key=lambda image: image.p_true))


def _seen(bank: Bank, rows: Array) -> list[Seen]:
    """Describe images, a bounded part of their logits at a time."""
    at_once = max(1, LOGITS_AT_ONCE // len(bank.classes))
    parts = [rows[at : at + at_once] for at in range(0, len(rows), at_once)]
    return [image for part in parts for image in _described(bank, part)]


def _described(bank: Bank, rows: Array) -> list[Seen]:
    found = []
    for row, chances in zip(rows.tolist(), probabilities(bank.logits[rows]), strict=True):
        label, guess = int(bank.labels[row]), int(bank.predicted[row])
        found.append(
            Seen(
                path=bank.path(row),
                true=Label(label, bank.classes[label]),
                predicted=Label(guess, bank.classes[guess]),
                p_true=float(chances[label]),
                p_predicted=float(chances[guess]),
                group=None if bank.groups is None else bank.groups_named[bank.groups[row]],
            )
        )
    return found


def outcome(
    bank: Bank | Labelled, right: Array, classes: Sequence[int], rows: Array | None = None
) -> Outcome:
    """Summarise rightness over the split, or over `rows` of it; `right` is aligned to them."""
    labels = bank.labels if rows is None else bank.labels[rows]
    n = np.bincount(labels, minlength=len(bank.classes))
    share = np.bincount(labels, weights=right, minlength=len(n)) / np.maximum(n, 1)
    aimed = [k for k in classes if n[k]]
    worst_group = None
    if bank.groups is not None:
        groups = bank.groups if rows is None else bank.groups[rows]
        counts = np.bincount(groups, minlength=len(bank.groups_named))
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
