"""A trial on a few hundred images: do classes, transform and weights belong together?

What `init` guesses, the order of the outputs and the transform, is tried on the data: a permuted
order or a wrong normalisation shows in the logits, and nothing else would tell.
"""

import math
import time
from collections.abc import Generator, Sequence
from hashlib import blake2b

import numpy as np
import torch
from msgspec import Struct
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest
from torch import Tensor

from engine.data.class_list import ORDERS
from engine.data.images import open_for_model
from engine.data.splits import Sample, Split
from engine.models.classifier import Classifier
from engine.schema.arrays import Array
from engine.schema.errors import DataError
from engine.schema.records import Progress

MOST = 160
SECONDS = 10.0
"""Of computing on all threads; a slow model is tried on fewer images."""
LEAST = 32
FIRST = 32
"""Images on which every other normalisation is tried; the best of them is tried on all."""
KEPT_BYTES = 2**28
"""Bounds the pixels that are kept for that."""
SURE = 1e-3
"""Two-sided p of McNemar's exact test below which another order is taken as better."""
HINT = 0.05
"""The same for another normalisation, over all that are tried: it is only told."""
GOOD = 0.9
"""From this accuracy on no other normalisation is tried: there is little that it could explain."""
MOST_CLASSES = 3000
"""Above, no assignment is looked for: its matrix has the square of this."""
NORMALISATIONS = {
    "ImageNet's": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "Inception's": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "CLIP's": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "that of pixels 0 to 255": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}


class Normalisation(Struct, frozen=True, kw_only=True):
    """Another normalisation that fits better, on the same images."""

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    images: int
    correct: int
    correct_now: int


class Order(Struct, frozen=True, kw_only=True):
    """Another order of the outputs that fits better."""

    name: str | None
    """One of `ORDERS`; None: found by assignment, and counted on images not used for finding."""
    keys: tuple[str, ...]
    correct: int


class Trial(Struct, frozen=True, kw_only=True):
    """How the classifier does on some images of the evaluation split, as many of each class."""

    images: int
    correct: int
    chance: float
    """The share of the largest class among them."""
    order: Order | None
    normalisation: Normalisation | None

    @property
    def by_chance(self) -> bool:
        """Whether no more are right than by chance."""
        if not self.images:
            return False
        return float(binomtest(self.correct, self.images, min(self.chance, 1.0),
                               alternative="greater").pvalue) > 0.05  # fmt: skip


def try_out(classifier: Classifier, split: Split) -> Generator[Progress, None, Trial]:
    """Evaluate some images of a split, and look for an order or normalisation that fits better.

    Takes at most about `SECONDS`, and half as long again for other normalisations.

    Args:
        classifier: Its outputs are numbered as the split's classes.
        split: The images.

    Raises:
        DataError: Not one image can be decoded.
    """
    samples = chosen(split.samples)
    logits, labels, pixels = yield from _evaluated(classifier, split, samples)
    predicted = logits.argmax(axis=1)
    correct = int((predicted == labels).sum())
    order = _better_order(predicted, labels, split.folders)
    better = None
    if order is None and correct < GOOD * len(labels):
        better = yield from _better_normalisation(classifier, pixels, predicted, labels)
    return Trial(
        images=len(labels),
        correct=correct,
        chance=float(np.bincount(labels).max() / len(labels)),
        order=order,
        normalisation=better,
    )


def chosen(samples: Sequence[Sample]) -> list[Sample]:
    """Return up to `MOST` images, the classes in turn, each in an order by a hash of the path."""
    ranked: list[tuple[int, bytes, Sample]] = []
    seen: dict[int, int] = {}
    by_hash = sorted(
        (blake2b(s.path.encode("utf-8", "surrogateescape"), digest_size=8).digest(), i)
        for i, s in enumerate(samples)
    )
    for digest, index in by_hash:
        sample = samples[index]
        ranked.append((seen.get(sample.label, 0), digest, sample))
        seen[sample.label] = seen.get(sample.label, 0) + 1
    ranked.sort(key=lambda entry: entry[:2])
    return [sample for _, _, sample in ranked[:MOST]]


def _evaluated(
    classifier: Classifier, split: Split, samples: Sequence[Sample]
) -> Generator[Progress, None, tuple[Array, Array, Tensor]]:
    """Return logits (n, C), labels (n,), and pixels (n', 3, H, W) of the first."""
    transform, batch = classifier.transform(), 16
    logits: list[Array] = []
    labels: list[int] = []
    kept: list[Tensor] = []
    began, reason = _spent(), ""
    for start in range(0, len(samples), batch):
        yield Progress(stage="trying a few images", done=start, total=len(samples))
        if start >= LEAST and _spent() - began > SECONDS:
            break
        pixels = []
        for sample in samples[start : start + batch]:
            try:
                image, _ = open_for_model(split, sample)
            except DataError as error:
                reason = reason or f" ({error})"
                continue
            pixels.append(transform(image))
            labels.append(sample.label)
        if pixels:
            stacked = torch.stack(pixels)
            logits.append(_logits(classifier, stacked))
            if sum(some.nbytes for some in kept) + stacked.nbytes <= KEPT_BYTES:
                kept.append(stacked)
    if not labels:
        raise DataError(
            f"Not one image of {split.name} in {split.root} can be decoded{reason}; "
            "correct the files, or the paths that lead to them."
        )
    return np.concatenate(logits), np.array(labels), torch.cat(kept or [stacked[:1]])


def _spent() -> float:
    """Return seconds of computing: what other programs take of the processor does not count."""
    return time.process_time() / torch.get_num_threads()


@torch.inference_mode()
def _logits(classifier: Classifier, pixels: Tensor) -> Array:
    features = classifier.features(pixels.to(classifier.device))
    return np.asarray(classifier.decision(features).float().cpu())


def _better_order(predicted: Array, labels: Array, keys: Sequence[str]) -> Order | None:
    """Return an order of the outputs under which clearly more images are right."""
    right = predicted == labels
    best: Order | None = None
    for name, key in ORDERS.items():
        order = sorted(keys, key=key)
        if order == list(keys):
            continue
        place = {some: index for index, some in enumerate(order)}
        other = np.array([place[keys[label]] for label in labels])
        found = predicted == other
        if _clearly(found, right) and (best is None or found.sum() > best.correct):
            best = Order(name=name, keys=tuple(order), correct=int(found.sum()))
    return best or _assigned(predicted, labels, keys)


def _assigned(predicted: Array, labels: Array, keys: Sequence[str]) -> Order | None:
    """Look for the assignment of outputs to classes that explains most predictions.

    It is found on half of the images of each class and counted on the other half, both ways: an
    assignment always explains the images that it was found on well.
    """
    if len(keys) > MOST_CLASSES:
        return None
    turn: dict[int, int] = {}
    half = np.zeros(len(labels), dtype=bool)
    for row, label in enumerate(labels):
        half[row] = turn.get(int(label), 0) % 2 == 1
        turn[int(label)] = turn.get(int(label), 0) + 1
    found = np.zeros(len(labels), dtype=bool)
    for fitted, counted in ((half, ~half), (~half, half)):
        output_of = _assignment(predicted[fitted], labels[fitted], len(keys))
        found[counted] = predicted[counted] == output_of[labels[counted]]
    if not _clearly(found, predicted == labels):
        return None
    output_of = _assignment(predicted, labels, len(keys))
    by_output = {int(output): keys[label] for label, output in enumerate(output_of)}
    order = tuple(by_output[output] for output in range(len(keys)))
    return Order(name=None, keys=order, correct=int(found.sum()))


def _assignment(predicted: Array, labels: Array, classes: int) -> Array:
    """Return for every class the output that is assigned to it, (C,); its own where none tells."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, predicted), 1)
    counts += 1e-3 * np.eye(classes)
    return np.asarray(linear_sum_assignment(counts, maximize=True)[1])


def _clearly(other: Array, now: Array) -> bool:
    """Tell whether another answer is right for at least half, more often, and not by chance."""
    return bool(other.mean() >= 0.5 and other.sum() > now.sum() and mcnemar(other, now) < SURE)


def mcnemar(left: Array, right: Array) -> float:
    """Return the two-sided p of McNemar's exact test on paired answers (n,), right or wrong."""
    only_left, only_right = int((left & ~right).sum()), int((right & ~left).sum())
    if only_left + only_right == 0:
        return 1.0
    return float(binomtest(only_left, only_left + only_right).pvalue)


def _better_normalisation(
    classifier: Classifier, pixels: Tensor, predicted: Array, labels: Array
) -> Generator[Progress, None, Normalisation | None]:
    """Return the normalisation under which clearly more of the same images are right.

    Args:
        classifier: With the normalisation in use.
        pixels: (n', 3, H, W) of the first images, normalised as now.
        predicted: (n,), n >= n'.
        labels: (n,).
    """
    labels, config = labels[: len(pixels)], classifier.input_config
    now = predicted[: len(pixels)] == labels
    others = {
        name: (mean, std)
        for name, (mean, std) in NORMALISATIONS.items()
        if not _same(mean, config["mean"]) or not _same(std, config["std"])
    }
    raw, first = classifier.denormalise(pixels), slice(0, FIRST)
    best, most = None, int(now[first].sum())
    for done, name in enumerate(others):
        yield Progress(stage="trying other transforms", done=done, total=len(others) + 1, unit="")
        found = _right(classifier, _scaled(raw[first], *others[name]), labels[first])
        if found.sum() > most:
            best, most = name, int(found.sum())
    if best is None:
        return None
    mean, std = others[best]
    found = _right(classifier, _scaled(raw, mean, std), labels)
    if found.sum() <= now.sum() or mcnemar(found, now) >= HINT / len(others):
        return None
    return Normalisation(
        name=best, mean=mean, std=std, images=len(labels),
        correct=int(found.sum()), correct_now=int(now.sum()),
    )  # fmt: skip


def _scaled(raw: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    of_mean, of_std = (torch.tensor(each).view(1, 3, 1, 1) for each in (mean, std))
    return (raw - of_mean) / of_std


def _same(left: Sequence[float], right: Sequence[float]) -> bool:
    return all(math.isclose(a, b, abs_tol=5e-3) for a, b in zip(left, right, strict=True))


def _right(classifier: Classifier, pixels: Tensor, labels: Array) -> Array:
    """Return (n,), whether each image is predicted as its class."""
    logits = np.concatenate([_logits(classifier, part) for part in pixels.split(16)])
    return np.asarray(logits.argmax(axis=1) == labels)
