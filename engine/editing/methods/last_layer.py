"""Three strong last-layer methods on the same features, for comparison and for use.

They need no neurons; `dfr` and `direction` need group labels on the choosing images.
"""

import contextlib
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from engine.editing.heads import EDIT, Edited, Head
from engine.editing.methods.zero import Refit
from engine.editing.plan import Plan
from engine.editing.selection import SelectionScorer
from engine.features.cache import FeatureCache
from engine.models.checkpoint import write_state
from engine.schema.arrays import Array
from engine.schema.errors import RequestError, StorageError
from engine.schema.records import Progress

Fitting = Generator[Progress, None, Head]

DRAWS = 10
PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01)
GAMMAS = (0.0, 2.0, 4.0, 8.0, 16.0)
AFR_STEPS = 300
AFR_LR = 1e-2
AFR_PULL = 1e-2
LABELLED = 5


class Fits:
    """Fits heads one by one and keeps each on disk: after a kill none is made again.

    Args:
        directory: The edit's own, while it is under way.
        total: How many there will be.
    """

    def __init__(self, directory: Path, total: int) -> None:
        self._directory, self._total, self._done = directory, total, 0

    def head(self, name: str, fit: Callable[[], Head]) -> Fitting:
        """Return the head of a name: from disk, or else fitted."""
        path = self._directory / f"{name}.safetensors"
        try:
            kept = load_file(path)
            head = Head(kept["weight"].copy(), kept["bias"].copy())
        except (OSError, SafetensorError, KeyError):
            head = fit()
            weight, bias = torch.from_numpy(head.weight), torch.from_numpy(head.bias)
            with contextlib.suppress(StorageError):  # a full disk costs no edit
                write_state(path, {"weight": weight, "bias": bias}, {"format": "np"})
        self._done += 1
        yield Progress(stage="fitting", done=self._done, total=self._total, unit="fits")
        return head


def last_layer(
    caches: Sequence[FeatureCache],
    cache: FeatureCache,
    plan: Plan,
    scorer: SelectionScorer,
    directory: Path,
) -> Generator[Progress, None, Edited]:
    """Edit by `dfr`, `afr` or `direction`, once a seed.

    Args:
        caches: Of the training split.
        cache: Of the evaluation split.
        plan: What to do.
        scorer: What "best" means.
        directory: Where what is fitted is kept until the edit is saved.

    Raises:
        RequestError: The group labels it needs are not there.
    """
    method, request = plan.request.method, plan.request
    if method in ("dfr", "direction") and cache.groups is None:
        raise RequestError(f"--method {method} needs group labels; these data have no groups.")
    seeds = range(request.seed, request.seed + request.seeds)
    rngs = {seed: np.random.default_rng((13, seed)) for seed in seeds}
    if method == "afr":  # nothing of it is chance
        fits = Fits(directory, len(GAMMAS))
        heads = [(yield from afr(caches[0], cache, scorer, fits))] * len(seeds)
    elif method == "dfr":
        fits, heads = Fits(directory, len(seeds) * (len(PENALTIES) + DRAWS)), []
        for seed, rng in rngs.items():
            heads.append((yield from dfr(cache, plan, scorer, rng, fits, seed)))
    else:
        heads = [direction(cache, plan, rng) for rng in rngs.values()]
    scores = [scorer.score(head.predict(cache, plan.selection)) for head in heads]
    return Edited({EDIT: heads}, 0, saved=scores.index(max(scores)))


def dfr(
    cache: FeatureCache,
    plan: Plan,
    scorer: SelectionScorer,
    rng: np.random.Generator,
    fits: Fits,
    seed: int,
) -> Fitting:
    """Deep feature reweighting (Kirichenko et al. 2023): group-balanced L1 logistic regression.

    On held-out features, standardised; the penalty is chosen on one half of the choosing images by
    the worst group of the other, then ten group-balanced draws of all of them are averaged.
    """
    rows = rng.permutation(plan.selection)
    half, judge = rows[::2], rows[1::2]
    features = np.asarray(cache.features[plan.selection], dtype=np.float64)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    regression = _regression(cache, (mean, scale), rng)
    judging = SelectionScorer(cache, judge, scorer.classes, "worst-group")
    tried = []
    for c in PENALTIES:
        head = yield from fits.head(f"dfr-{seed}-penalty-{c:g}", regression(half, c))
        tried.append(judging.score(head.predict(cache, judge)))
    best = PENALTIES[tried.index(max(tried))]
    heads = []
    for draw in range(DRAWS):
        fit = regression(plan.selection, best)
        heads.append((yield from fits.head(f"dfr-{seed}-draw-{draw}", fit)))
    return Head(
        np.mean([head.weight for head in heads], axis=0),
        np.mean([head.bias for head in heads], axis=0),
    )


def _regression(
    cache: FeatureCache, standard: tuple[Array, Array], rng: np.random.Generator
) -> Callable[[Array, float], Callable[[], Head]]:
    """Return what draws balanced rows at once, and fits them when it is called."""
    mean, scale = standard

    def regression(rows: Array, penalty: float) -> Callable[[], Head]:
        assert cache.groups is not None  # asked for before
        groups = cache.groups[rows]
        present = np.unique(groups)
        least = min(int((groups == g).sum()) for g in present)
        drawn = np.concatenate([rng.permutation(rows[groups == g])[:least] for g in present])
        return lambda: fit(drawn, penalty)

    def fit(drawn: Array, penalty: float) -> Head:
        x = (np.asarray(cache.features[drawn], dtype=np.float64) - mean) / scale
        solver = "liblinear" if len(np.unique(cache.labels[drawn])) == 2 else "saga"
        # it shuffles: without a seed by numpy's global state, another way at every run
        model = LogisticRegression(
            C=penalty, l1_ratio=1.0, solver=solver, max_iter=200, tol=1e-3, random_state=0
        )
        with warnings.catch_warnings():
            # saga cut short is a little less sparse; ten of them are averaged
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, cache.labels[drawn])
        return _to_head(cache, model, mean, scale)

    return regression


def _to_head(cache: FeatureCache, model: LogisticRegression, mean: Array, scale: Array) -> Head:
    """Undo the standardisation, and put rows where the classes are; others can never win."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weight = np.zeros(cache.weight.shape, dtype=np.float32)
    bias = np.full(len(weight), -1e4, dtype=np.float32)
    weight[model.classes_] = coefficients / scale
    bias[model.classes_] = intercepts - (coefficients / scale) @ mean
    return Head(weight, bias)


def afr(train: FeatureCache, cache: FeatureCache, scorer: SelectionScorer, fits: Fits) -> Fitting:
    """Automatic feature reweighting (Qiu et al. 2023), on the training features.

    Cross-entropy weighted by exp(-gamma p_true) of the unedited head, classes balanced, with an
    L2 pull to that head; gamma is chosen by `--select`. No group labels.
    """
    start = Head.of(cache)
    features = torch.from_numpy(np.array(train.features, dtype=np.float32))
    labels = torch.from_numpy(train.labels)
    with torch.no_grad():
        logits = features @ torch.from_numpy(start.weight).T + torch.from_numpy(start.bias)
        p_true = logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]
    counts = torch.bincount(labels, minlength=len(start.bias)).clamp(min=1)
    heads = []
    for gamma in GAMMAS:
        share = (-gamma * p_true).exp() / counts[labels]
        fit = partial(_reweighted, start, features, labels, share / share.sum())
        heads.append((yield from fits.head(f"afr-{gamma:g}", fit)))
    scores = [scorer.score(head.predict(cache, scorer.rows)) for head in heads]
    return heads[scores.index(max(scores))]


def _reweighted(
    start: Head, features: torch.Tensor, labels: torch.Tensor, share: torch.Tensor
) -> Head:
    first = (torch.from_numpy(start.weight), torch.from_numpy(start.bias))
    weight, bias = (some.clone().requires_grad_() for some in first)
    optimizer = torch.optim.Adam([weight, bias], lr=AFR_LR)
    for _ in range(AFR_STEPS):
        entropy = F.cross_entropy(features @ weight.T + bias, labels, reduction="none")
        pull = (weight - first[0]).square().sum() + (bias - first[1]).square().sum()
        optimizer.zero_grad()
        ((share * entropy).sum() + AFR_PULL * pull).backward()
        optimizer.step()
    return Head(weight.detach().numpy(), bias.detach().numpy())


def direction(cache: FeatureCache, plan: Plan, rng: np.random.Generator) -> Head:
    """Project a group direction out of the decision layer, from five labelled images a group.

    The direction is the first principal one of the differences between groups of one class; the
    biases are refitted on the choosing images.
    """
    differences = np.stack(list(_differences(cache, plan.selection, rng)))
    unit = np.linalg.svd(differences, full_matrices=False)[2][0].astype(np.float32)
    start = Head.of(cache)
    weight = start.weight - np.outer(start.weight @ unit, unit)
    return Refit.on(cache, plan).biases(weight)[0]


def _differences(
    cache: FeatureCache, selection: Array, rng: np.random.Generator
) -> Iterator[Array]:
    assert cache.groups is not None  # asked for before
    labels, groups = cache.labels[selection], cache.groups[selection]
    found = False
    for k in np.unique(labels):
        means = []
        for g in np.unique(groups[labels == k]):
            inside = selection[(labels == k) & (groups == g)]
            few = rng.permutation(inside)[:LABELLED]
            means.append(np.asarray(cache.features[few], dtype=np.float64).mean(axis=0))
        for other in means[1:]:
            found = True
            yield other - means[0]
    if not found:
        raise RequestError("--method direction needs two groups within a class; there is none.")
