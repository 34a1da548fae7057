"""Refit the biases of a changed decision layer on the selection images: a convex problem."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.editing.heads import Head
from engine.editing.plan import Aim, Plan
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array

RIDGE = 1e-3
"""Pull of each refitted bias to where it starts, per squared unit, beside the mean cross-entropy:
a class without selection images would otherwise run to minus infinity."""


@dataclass(frozen=True)
class Refit:
    """Everything a refit of the biases needs of the selection images."""

    features: Tensor
    labels: Tensor
    head: Head
    touched: Array
    """(R,), the classes whose bias is refitted; empty for a model without biases."""

    @classmethod
    def on(cls, cache: FeatureCache, plan: Plan) -> "Refit":
        """Gather the selection images."""
        rows = plan.selection
        features = torch.from_numpy(np.asarray(cache.features[rows], dtype=np.float32))
        touched = plan.touched if cache.meta.has_bias else plan.touched[:0]
        return cls(features, torch.from_numpy(cache.labels[rows]), Head.of(cache), touched)

    def after(self, aims: Sequence[Aim]) -> tuple[Head, Array]:
        """Ablate what `aims` say; return the refitted head and its predictions (n,) there.

        The biases start where the mean logits stay, b + W[rows, S] f̄[S].
        """
        weight = self.head.weight.copy()
        for aim in aims:
            weight[np.ix_(aim.rows, aim.neurons)] = 0
        return self.biases(weight)

    def biases(self, weight: Array) -> tuple[Head, Array]:
        """Refit b for another W (C, D); return the head and its predictions (n,) there."""
        logits = self.features @ torch.from_numpy(weight).T
        bias = torch.from_numpy(self.head.bias)
        if len(self.touched):
            mean = self.features.mean(dim=0).numpy()
            start = torch.from_numpy(self.head.bias + (self.head.weight - weight) @ mean)
            bias = _refit(logits, self.labels, start, self.touched)
        return Head(weight, bias.numpy()), (logits + bias).argmax(dim=1).numpy()


def _refit(logits: Tensor, labels: Tensor, start: Tensor, touched: Array) -> Tensor:
    """Minimise the mean cross-entropy over b[touched], a convex problem; return b (C,)."""
    rows = torch.from_numpy(touched)
    centre = start[rows].double()
    bias = centre.clone().requires_grad_()
    fixed = (logits + start).double()
    moved = fixed[:, rows] - centre
    outside = fixed.index_fill(1, rows, -torch.inf)
    rest = outside.logsumexp(dim=1, keepdim=True)  # (n, 1)
    place = torch.full((len(start),), -1).index_copy(0, rows, torch.arange(len(rows)))[labels]
    inside = place >= 0
    solver = torch.optim.LBFGS([bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        now = moved + bias
        total = torch.cat([now, rest], dim=1).logsumexp(dim=1).mean()
        chosen = now[inside].gather(1, place[inside, None]).sum() / len(labels)
        value = total - chosen + RIDGE / 2 * (bias - centre).square().sum()
        value.backward()
        return value.detach()

    solver.step(loss)
    return start.index_copy(0, rows, bias.detach().to(start))
