"""Conceptual counterfactuals: how much of each concept would correct a mistake.

Source: Abid, Yuksekgonul and Zou, ICML 2022, "Meaningfully Debugging Model Mistakes using
Conceptual Counterfactual Explanations"; docs/concepts.md, counterfactual explanation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.svm import SVC

from engine.schema.arrays import Array

LR = 0.01
MOMENTUM = 0.9
L1 = 0.1
"""Weight of |w|_1 / concepts."""
L2 = 0.01
"""Weight of |w|_2 / concepts."""
STEPS = 100
PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0)
"""C of the linear SVM; the best by held-out accuracy is taken."""
EACH_SIDE = 100
"""Images with a concept, and as many without, that its direction is learned from."""


@dataclass(frozen=True)
class ConceptBank:
    """Directions of concepts in a space of features.

    Args:
        names: (q,).
        directions: (q, D), each of length 1, towards more of the concept.
        offsets: (q,): a row f has the score `directions @ f + offsets`.
        least: (q,), the smallest score seen.
        largest: (q,), the largest.
    """

    names: tuple[str, ...]
    directions: Array
    offsets: Array
    least: Array
    largest: Array


def learn_bank(features: Array, has: Mapping[str, Array], seed: int) -> ConceptBank:
    """Learn a linear support vector machine a concept; images with and without are drawn.

    Args:
        features: (n, D).
        has: By concept (n,), which images have it; some do, and some do not.
        seed: Of the draws.
    """
    found = []
    for number, present in enumerate(has.values()):
        rng = np.random.default_rng((73, seed, number))
        sides = [rng.permutation(np.flatnonzero(present == side)) for side in (True, False)]
        count = min(EACH_SIDE, *map(len, sides))
        rows = np.concatenate([side[:count] for side in sides])
        found.append(_learned(np.asarray(features[rows], np.float64), present[rows], rng))
    directions, offsets, least, largest = (np.array(part) for part in zip(*found, strict=True))
    return ConceptBank(tuple(has), directions, offsets, least, largest)


def _learned(
    features: Array, present: Array, rng: np.random.Generator
) -> tuple[Array, float, float, float]:
    order = rng.permutation(len(features))
    fitted, held = order[::2], order[1::2]
    best, best_share = PENALTIES[0], -1.0
    for penalty in PENALTIES if len(set(present[fitted].tolist())) == 2 else ():
        machine = SVC(C=penalty, kernel="linear").fit(features[fitted], present[fitted])
        share = float(machine.score(features[held], present[held]))
        if share > best_share:
            best, best_share = penalty, share
    machine = SVC(C=best, kernel="linear").fit(features, present)
    length = float(np.linalg.norm(machine.coef_[0]))
    direction, offset = machine.coef_[0] / length, float(machine.intercept_[0]) / length
    scores = features @ direction + offset
    return direction, offset, float(scores.min()), float(scores.max())


def conceptual_counterfactuals(
    features: Array, k: int, bank: ConceptBank, head: tuple[Array, Array]
) -> Array:
    """Return (m, q): how much of each concept is added to correct each mistake.

    Cross-entropy towards class k with an elastic net, 100 steps. An amount stays where the
    concept's score is one that was seen; a concept that there is already more of than ever cannot
    be added, and likewise below (the validity constraints).

    Args:
        features: (m, D), of mistakes.
        k: Their class.
        bank: The concepts.
        head: W (C, D) and b (C,).
    """
    scores = np.asarray(features, np.float64) @ bank.directions.T + bank.offsets
    room = [np.maximum(bank.largest - scores, 0), np.minimum(bank.least - scores, 0)]
    most, least = (torch.tensor(side) for side in room)
    fixed, along = torch.tensor(np.asarray(features, np.float64)), torch.tensor(bank.directions)
    weight, bias = (torch.tensor(np.asarray(part, np.float64)) for part in head)
    amounts = torch.zeros(len(fixed), len(along), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([amounts], lr=LR, momentum=MOMENTUM)
    target = torch.full((len(fixed),), k)
    for _ in range(STEPS):
        logits = (fixed + amounts @ along) @ weight.T + bias
        loss = torch.nn.functional.cross_entropy(logits, target, reduction="sum")
        norms = L1 * amounts.abs().sum(dim=1) + L2 * torch.linalg.vector_norm(
            amounts + 1e-12, dim=1
        )
        optimizer.zero_grad()
        (loss + norms.sum() / len(along)).backward()
        optimizer.step()
        with torch.no_grad():
            amounts.clamp_(least, most)
    return amounts.detach().numpy()
