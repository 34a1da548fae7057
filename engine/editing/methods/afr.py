"""Automatic feature reweighting: held-out images weighted by how wrong the classifier is on them.

Source: Qiu et al. 2023, "Simple and Fast Group Robustness by Automatic Feature Reweighting".
"""

from collections.abc import Generator
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from engine.editing.heads import Head
from engine.editing.methods.base import EditMethod, Fitting, best_seed, rngs
from engine.editing.selection import SelectionScorer
from engine.editing.task import EditTask
from engine.evaluation.scores import probabilities
from engine.features.cache import FeatureCache
from engine.features.halves import two_halves
from engine.schema.arrays import Array
from engine.schema.records import Progress
from engine.schema.requests import Select

if TYPE_CHECKING:
    from engine.editing.fits import Fits

GAMMAS = (0.0, 2.0, 4.0, 8.0, 16.0)
PULLS = (1e-3, 1e-2, 1e-1)
STEPS = 300
LR = 1e-2
AT_ONCE = 2**26
"""Bounds the memory: logits of several fits at once."""


class Afr(EditMethod):
    """Cross-entropy weighted by exp(-gamma p_true) of the unedited head, classes balanced.

    An L2 pull holds it to that head. Weights are taken, and the head is fitted, on images that
    the classifier was not trained on: the selection images. Gamma and the pull are chosen on one
    half of them by the worst group of the other, or the worst class where there are no groups.
    """

    title = "automatic feature reweighting"
    help = "weights up held-out images that it gets wrong, held close to it (Qiu et al. 2023)"
    decides = "the worst group of one half decides (without groups the worst class)"

    def fit(self, task: EditTask) -> Fitting:
        """Fit once a seed, which draws the halves that choose gamma and the pull."""
        from engine.editing.fits import Fits

        fits = Fits(task.directory, 2 * task.plan.request.seeds)
        heads = []
        for seed, rng in rngs(task).items():
            heads.append((yield from _fit(task, rng, fits, seed)))
        return best_seed(task, heads)


def _fit(
    task: EditTask, rng: np.random.Generator, fits: "Fits", seed: int
) -> Generator[Progress, None, Head]:
    cache, selection = task.cache, task.plan.selection
    half, judged = two_halves(cache.labels, selection, rng)
    select: Select = "worst-class" if cache.groups is None else "worst-group"
    scorer = SelectionScorer(cache, judged, task.scorer.classes, select)
    settings = list(product(GAMMAS, PULLS))
    # kept as one head, of so many times the classes
    stacked = yield from fits.head(f"afr-{seed}-half", partial(_stacked, cache, half, settings))
    tried = _unstacked(stacked, len(cache.classes))
    scores = [
        scorer.score(head.predict(cache, judged)) if len(judged) else (0.0,) for head in tried
    ]
    gamma, pull = settings[scores.index(max(scores))]
    fit = partial(_stacked, cache, selection, [(gamma, pull)])
    return (yield from fits.head(f"afr-{gamma:g}-{pull:g}", fit))


def weights(cache: FeatureCache, rows: Array, gamma: float) -> Array:
    """Return (n,) weights of images, 1 in sum: exp(-gamma p_true) over the images of the class."""
    labels = cache.labels[rows]
    p_true = probabilities(cache.logits[rows])[np.arange(len(rows)), labels]
    share = np.exp(-gamma * p_true) / np.bincount(labels)[labels]
    return np.asarray(share / share.sum())


def _stacked(cache: FeatureCache, rows: Array, settings: list[tuple[float, float]]) -> Head:
    at_once = max(1, AT_ONCE // (len(rows) * len(cache.classes)))
    parts = [
        _reweighted(cache, rows, settings[at : at + at_once])
        for at in range(0, len(settings), at_once)
    ]
    return Head(
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.bias for part in parts]),
    )


def _unstacked(head: Head, classes: int) -> list[Head]:
    count = len(head.bias) // classes
    return [
        Head(*some) for some in zip(*(np.split(a, count) for a in (head.weight, head.bias)),
                                    strict=True)
    ]  # fmt: skip


def _reweighted(cache: FeatureCache, rows: Array, settings: list[tuple[float, float]]) -> Head:
    """Fit several settings at once: Adam works weight by weight, so no fit feels another."""
    import torch

    start = Head.of(cache)
    features = torch.from_numpy(np.asarray(cache.features[rows], dtype=np.float32))
    labels = torch.from_numpy(cache.labels[rows]).expand(len(settings), -1)
    shares = torch.from_numpy(np.stack([weights(cache, rows, gamma) for gamma, _ in settings]))
    pulls = torch.tensor([pull for _, pull in settings])
    first = [torch.from_numpy(a).repeat(len(settings), 1) for a in (start.weight, start.bias[None])]
    classes = len(start.bias)
    weight, bias = (tensor.clone().requires_grad_() for tensor in first)
    optimizer = torch.optim.Adam([weight, bias], lr=LR)
    for _ in range(STEPS):
        logits = (features @ weight.T).unflatten(1, (len(settings), classes)).transpose(0, 1)
        log_p = (logits + bias[:, None]).log_softmax(dim=2)  # (settings, n, C)
        entropy = -log_p.gather(2, labels[:, :, None])[:, :, 0]
        apart = (weight - first[0]).square().unflatten(0, (len(settings), classes)).sum(dim=(1, 2))
        pull = pulls * (apart + (bias - first[1]).square().sum(dim=1))
        optimizer.zero_grad()
        ((shares.float() * entropy).sum() + pull.sum()).backward()
        optimizer.step()
    return Head(weight.detach().numpy(), bias.detach().flatten().numpy())


KIND = Afr()
