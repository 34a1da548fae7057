"""Three strong last-layer methods on the same features, for comparison and for use.

They need no neurons; `dfr` and `direction` need group labels on the choosing images.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from engine.bank import Array, Bank
from engine.choosing import Chooser
from engine.errors import RequestError
from engine.heads import EDIT, Edited, Head
from engine.plan import Plan
from engine.zeroing import Refit

DRAWS = 10
PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01)
GAMMAS = (0.0, 2.0, 4.0, 8.0, 16.0)
AFR_STEPS = 300
AFR_LR = 1e-2
AFR_PULL = 1e-2
LABELLED = 5


def last_layer(banks: Sequence[Bank], bank: Bank, plan: Plan, chooser: Chooser) -> Edited:
    """Edit by `dfr`, `afr` or `direction`, once a seed.

    Raises:
        RequestError: The group labels it needs are not there.
    """
    method, request = plan.request.method, plan.request
    if method in ("dfr", "direction") and bank.groups is None:
        raise RequestError(f"--method {method} needs group labels; these data have no groups.")
    heads = []
    for seed in range(request.seed, request.seed + request.seeds):
        rng = np.random.default_rng((13, seed))
        if method == "dfr":
            heads.append(dfr(bank, plan, chooser, rng))
        elif method == "afr":
            heads.append(afr(banks[0], bank, chooser))
        else:
            heads.append(direction(bank, plan, rng))
    scores = [chooser.score(head.predict(bank, plan.choosing)) for head in heads]
    return Edited({EDIT: heads}, 0, saved=scores.index(max(scores)))


def dfr(bank: Bank, plan: Plan, chooser: Chooser, rng: np.random.Generator) -> Head:
    """Deep feature reweighting (Kirichenko et al. 2023): group-balanced L1 logistic regression.

    On held-out features, standardised; the penalty is chosen on one half of the choosing images by
    the worst group of the other, then ten group-balanced draws of all of them are averaged.
    """
    rows = rng.permutation(plan.choosing)
    fit, judge = rows[::2], rows[1::2]
    features = np.asarray(bank.features[plan.choosing], dtype=np.float64)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    regress = _regression(bank, (mean, scale), rng)
    judging = Chooser(bank, judge, chooser.classes, "worst-group")
    tried = [judging.score(regress(fit, c).predict(bank, judge)) for c in PENALTIES]
    best = PENALTIES[tried.index(max(tried))]
    heads = [regress(plan.choosing, best) for _ in range(DRAWS)]
    return Head(
        np.mean([head.weight for head in heads], axis=0),
        np.mean([head.bias for head in heads], axis=0),
    )


def _regression(
    bank: Bank, standard: tuple[Array, Array], rng: np.random.Generator
) -> Callable[[Array, float], Head]:
    mean, scale = standard

    def regress(rows: Array, penalty: float) -> Head:
        assert bank.groups is not None  # asked for before
        groups = bank.groups[rows]
        present = np.unique(groups)
        least = min(int((groups == g).sum()) for g in present)
        drawn = np.concatenate([rng.permutation(rows[groups == g])[:least] for g in present])
        x = (np.asarray(bank.features[drawn], dtype=np.float64) - mean) / scale
        solver = "liblinear" if len(np.unique(bank.labels[drawn])) == 2 else "saga"
        model = LogisticRegression(C=penalty, l1_ratio=1.0, solver=solver, max_iter=200, tol=1e-3)
        with warnings.catch_warnings():
            # saga cut short is a little less sparse; ten of them are averaged
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, bank.labels[drawn])
        return _to_head(bank, model, mean, scale)

    return regress


def _to_head(bank: Bank, model: LogisticRegression, mean: Array, scale: Array) -> Head:
    """Undo the standardisation, and put rows where the classes are; others can never win."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weight = np.zeros(bank.weight.shape, dtype=np.float32)
    bias = np.full(len(weight), -1e4, dtype=np.float32)
    weight[model.classes_] = coefficients / scale
    bias[model.classes_] = intercepts - (coefficients / scale) @ mean
    return Head(weight, bias)


def afr(train: Bank, bank: Bank, chooser: Chooser) -> Head:
    """Automatic feature reweighting (Qiu et al. 2023), on the training features.

    Cross-entropy weighted by exp(-gamma p_true) of the unedited head, classes balanced, with an
    L2 pull to that head; gamma is chosen by `--select`. No group labels.
    """
    start = Head.of(bank)
    features = torch.from_numpy(np.array(train.features, dtype=np.float32))
    labels = torch.from_numpy(train.labels)
    with torch.no_grad():
        logits = features @ torch.from_numpy(start.weight).T + torch.from_numpy(start.bias)
        p_true = logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]
    counts = torch.bincount(labels, minlength=len(start.bias)).clamp(min=1)
    heads = []
    for gamma in GAMMAS:
        share = (-gamma * p_true).exp() / counts[labels]
        heads.append(_reweighted(start, features, labels, share / share.sum()))
    scores = [chooser.score(head.predict(bank, chooser.rows)) for head in heads]
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


def direction(bank: Bank, plan: Plan, rng: np.random.Generator) -> Head:
    """Project a group direction out of the decision layer, from five labelled images a group.

    The direction is the first principal one of the differences between groups of one class; the
    biases are refitted on the choosing images.
    """
    differences = np.stack(list(_differences(bank, plan.choosing, rng)))
    unit = np.linalg.svd(differences, full_matrices=False)[2][0].astype(np.float32)
    start = Head.of(bank)
    weight = start.weight - np.outer(start.weight @ unit, unit)
    return Refit.on(bank, plan).biases(weight)[0]


def _differences(bank: Bank, choosing: Array, rng: np.random.Generator) -> Iterator[Array]:
    assert bank.groups is not None  # asked for before
    labels, groups = bank.labels[choosing], bank.groups[choosing]
    found = False
    for k in np.unique(labels):
        means = []
        for g in np.unique(groups[labels == k]):
            inside = choosing[(labels == k) & (groups == g)]
            few = rng.permutation(inside)[:LABELLED]
            means.append(np.asarray(bank.features[few], dtype=np.float64).mean(axis=0))
        for other in means[1:]:
            found = True
            yield other - means[0]
    if not found:
        raise RequestError("--method direction needs two groups within a class; there is none.")
