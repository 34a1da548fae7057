"""Automatic feature reweighting: training images weighted by how wrong the classifier is on them.

Source: Qiu et al. 2023, "Simple and Fast Group Robustness by Automatic Feature Reweighting".
"""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from engine.editing.heads import Head
from engine.editing.methods.base import EditMethod, Fitting, Need, best_seed
from engine.editing.task import EditTask

if TYPE_CHECKING:
    from torch import Tensor

GAMMAS = (0.0, 2.0, 4.0, 8.0, 16.0)
STEPS = 300
LR = 1e-2
PULL = 1e-2


class Afr(EditMethod):
    """Cross-entropy weighted by exp(-gamma p_true) of the unedited head, classes balanced.

    An L2 pull holds it to that head; gamma is chosen by `--select`. It needs no group labels.
    """

    title = "automatic feature reweighting"
    help = "weights up what the classifier got wrong, held close to it (Qiu et al. 2023)"
    needs: frozenset[Need] = frozenset({"training"})
    quick = False

    def fit(self, task: EditTask) -> Fitting:
        """Fit once for all seeds: nothing of it is random."""
        import torch

        from engine.editing.fits import Fits

        fits = Fits(task.directory, len(GAMMAS))
        training, start = task.training[0], Head.of(task.cache)
        rows = training.counted
        features = torch.from_numpy(np.array(training.features[rows], dtype=np.float32))
        labels = torch.from_numpy(training.labels[rows])
        with torch.no_grad():
            logits = features @ torch.from_numpy(start.weight).T + torch.from_numpy(start.bias)
            p_true = logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]
        counts = torch.bincount(labels, minlength=len(start.bias)).clamp(min=1)
        heads = []
        for gamma in GAMMAS:
            share = (-gamma * p_true).exp() / counts[labels]
            fit = partial(_reweighted, start, features, labels, share / share.sum())
            heads.append((yield from fits.head(f"afr-{gamma:g}", fit)))
        scores = [task.scorer.score(h.predict(task.cache, task.scorer.rows)) for h in heads]
        best = heads[scores.index(max(scores))]
        return best_seed(task, [best] * task.plan.request.seeds)


def _reweighted(start: Head, features: "Tensor", labels: "Tensor", share: "Tensor") -> Head:
    import torch
    from torch.nn import functional as F

    first = (torch.from_numpy(start.weight), torch.from_numpy(start.bias))
    weight, bias = (tensor.clone().requires_grad_() for tensor in first)
    optimizer = torch.optim.Adam([weight, bias], lr=LR)
    for _ in range(STEPS):
        entropy = F.cross_entropy(features @ weight.T + bias, labels, reduction="none")
        pull = (weight - first[0]).square().sum() + (bias - first[1]).square().sum()
        optimizer.zero_grad()
        ((share * entropy).sum() + PULL * pull).backward()
        optimizer.step()
    return Head(weight.detach().numpy(), bias.detach().numpy())


KIND = Afr()
