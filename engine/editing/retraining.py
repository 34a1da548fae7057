"""The decision layer retrained on the selection images, class-balanced.

Source: LaBonte et al. 2023, "Towards Last-layer Retraining for Group Robustness with Fewer
Annotations": no group labels, and no look at neurons. It is an edit method, and what every other
edit is compared with: it reads the same images.
"""

import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from engine.editing.fits import Fits
from engine.editing.heads import RETRAIN, Head
from engine.editing.selection import SelectionScorer
from engine.editing.task import EditTask
from engine.evaluation.scores import mean_outcome
from engine.features.cache import FeatureCache
from engine.features.halves import two_halves
from engine.schema.arrays import Array
from engine.schema.records import Outcome, Progress

PENALTIES = (1.0, 0.1, 0.01, 0.001)
"""Strengths of the L2 penalty to choose from, as scikit-learn's C: smaller is stronger."""
LARGE = 2e9
"""Images x neurons x classes above which one division chooses the strength for all seeds."""
NEVER = -1e4
"""The bias of a class without images: it can never win."""


@dataclass(frozen=True)
class Retrained:
    """Heads retrained on the selection images, and how well that does on images it has not seen."""

    heads: list[Head]
    """One a seed."""
    unseen: Outcome
    """On the halves of the selection images that chose the strength: the fit did not see them."""


def retrain(
    task: EditTask, fits: Fits, *, name: str = RETRAIN, ablated: Array | None = None
) -> Generator[Progress, None, Retrained]:
    """Retrain the decision layer once a seed, which draws the halves that choose the strength.

    Args:
        task: What to fit to; only its selection images are looked at.
        fits: Keeps the heads, under this name.
        name: Of the heads.
        ablated: Neurons whose weights are 0.
    """
    cache, selection = task.cache, task.plan.selection
    if len(np.unique(cache.labels[selection])) < 2:  # there is nothing to tell apart
        seeds = task.plan.request.seeds
        head = Head.of(cache)
        return Retrained([head] * seeds, task.scorer.outcome(head.predict(cache, selection)))
    heads, unseen = [], []
    for seed in _draws(task):
        half, judged = two_halves(cache.labels, selection, np.random.default_rng((23, seed)))
        scorer = SelectionScorer(cache, judged, task.scorer.classes, task.scorer.select)
        tried: list[tuple[tuple[float, float], int, Outcome]] = []
        for c in PENALTIES if len(judged) else ():
            head = yield from fits.head(
                f"{name}-{seed}-{c:g}", partial(balanced, cache, half, c, ablated)
            )
            there = head.predict(cache, judged)
            tried.append((scorer.score(there), -len(tried), scorer.outcome(there)))
        first = max(tried, key=lambda some: some[:2], default=None)
        best = PENALTIES[0 if first is None else -first[1]]
        fit = partial(balanced, cache, selection, best, ablated)
        heads.append((yield from fits.head(f"{name}-{best:g}", fit)))
        if first is not None:
            unseen.append(first[2])
    if len(heads) < task.plan.request.seeds:
        heads = heads * task.plan.request.seeds
    found = unseen or [task.scorer.outcome(heads[0].predict(cache, selection))]
    return Retrained(heads, mean_outcome(found))


def _draws(task: EditTask) -> range:
    """Return the seeds that choose a strength: where that takes long, the first for all."""
    request, cache = task.plan.request, task.cache
    work = float(len(task.plan.selection)) * cache.meta.width * len(cache.classes)
    return range(request.seed, request.seed + (1 if work > LARGE else request.seeds))


def fits_of(task: EditTask) -> int:
    """Return how many heads `retrain` fits or finds again."""
    if len(np.unique(task.cache.labels[task.plan.selection])) < 2:
        return 0
    return len(_draws(task)) * (len(PENALTIES) + 1)


def balanced(
    cache: FeatureCache, rows: Array, penalty: float, ablated: Array | None = None
) -> Head:
    """Fit an L2 logistic regression on standardised features, every class weighing the same.

    Reads the features of `rows` at once, as float64.

    Args:
        cache: Of the split.
        rows: (n,) to fit to, of two classes or more.
        penalty: scikit-learn's C.
        ablated: Neurons whose weights are 0.
    """
    x = np.asarray(cache.features[rows], dtype=np.float64)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    x = (x - mean) / scale
    if ablated is not None:
        x[:, ablated] = 0
    model = LogisticRegression(C=penalty, class_weight="balanced", max_iter=200, tol=1e-3)
    with warnings.catch_warnings():
        # cut short it is a little more penalised than asked
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, cache.labels[rows])
    head = to_head(cache, model, mean, scale)
    if ablated is not None:
        head.weight[:, ablated] = 0
    return head


def to_head(cache: FeatureCache, model: LogisticRegression, mean: Array, scale: Array) -> Head:
    """Undo the standardisation, and put rows where the classes are; others can never win."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weight = np.zeros(cache.weight.shape, dtype=np.float32)
    bias = np.full(len(weight), NEVER, dtype=np.float32)
    weight[model.classes_] = coefficients / scale
    bias[model.classes_] = intercepts - (coefficients / scale) @ mean
    return Head(weight, bias)


def lost_classes(task: EditTask) -> tuple[str, ...]:
    """Say which classes have no selection images, and so are never predicted."""
    cache = task.cache
    lost = np.setdiff1d(np.arange(len(cache.classes)), cache.labels[task.plan.selection])
    if not len(lost):
        return ()
    return (f"{_named([cache.classes[int(k)] for k in lost])}: no selection images, so that the "
            "retrained decision layer never predicts it.",)  # fmt: skip


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
