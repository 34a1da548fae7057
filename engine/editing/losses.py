"""Heads in training, stacked, and their losses (docs/concepts.md: edits).

A stack is (seeds, arms, C, D). The arms of a seed see the same batches, so that they differ in
their loss alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.editing.heads import EDIT, LAMBDA_0, PLACEBO, Head
from engine.editing.plan import Aim, Plan, Recipe
from engine.schema.requests import Method

TINY = 1e-9
OTHERS_WEIGHT = 0.9
FOCUS = 2.0

Best = tuple[tuple[float, float], Head]
"""A head and its score on the choosing images."""


@dataclass(frozen=True)
class Term:
    """What an arm's loss has beside, or instead of, plain cross-entropy.

    `aims` holds a tuple a seed: a placebo's neurons differ from seed to seed.
    """

    name: str
    method: Method | None = None
    aims: Sequence[tuple[Aim, ...]] = ()


def terms(plan: Plan) -> list[Term]:
    """Return the edit's arm and its trained controls'."""
    request, size = plan.request, plan.sizes[-1]
    same = [tuple(aim.first(size) for aim in plan.aims)] * request.seeds
    found = [Term(EDIT, request.method, same), Term(LAMBDA_0)]
    if request.method == "ratio":
        found.append(Term(PLACEBO, "ratio", plan.placebos(size)))
    return found


@dataclass
class Stack:
    """Heads in training. weight (S, A, C, D), bias (S, A, 1, C)."""

    weight: Tensor
    bias: Tensor
    best: list[Best | None] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, head: Head, seeds: int, variants: int, device: torch.device) -> "Stack":
        """Start every head from the trained one."""
        weight = torch.from_numpy(head.weight).to(device).expand(seeds, variants, -1, -1).clone()
        bias = torch.from_numpy(head.bias).to(device).expand(seeds, variants, 1, -1).clone()
        count = seeds * variants
        return cls(weight.requires_grad_(), bias.requires_grad_(), [None] * count, [0] * count)

    def head(self, place: int) -> Head:
        """Copy one head out."""
        weight, bias = self.weight.detach().flatten(0, 1), self.bias.detach().flatten(0, 2)
        return Head(weight[place].cpu().numpy().copy(), bias[place].cpu().numpy().copy())


def losses(
    stack: Stack, parts: Sequence[Term], recipe: Recipe, batch: tuple[Tensor, Tensor]
) -> Tensor:
    """Return the sum of all heads' losses; their gradients are their own.

    Args:
        stack: The heads.
        parts: An arm each.
        recipe: The constants.
        batch: Features (S, B, D) and labels (S, B).
    """
    features, labels = batch
    seeds, variants, classes, width = stack.weight.shape
    flat = stack.weight.reshape(seeds, variants * classes, width)
    logits = torch.bmm(features, flat.transpose(1, 2)).view(seeds, -1, variants, classes)
    logits = logits.transpose(1, 2) + stack.bias  # (S, A, B, C)
    total = logits.new_zeros(())
    for variant, part in enumerate(parts):
        total = total + _fit(logits[:, variant], labels, part).sum()
        if part.method == "ratio" and recipe.strength > 0:
            weight = stack.weight[:, variant]
            total = total + recipe.strength * _ratios(
                logits[:, variant], weight, features, part, recipe
            )
    return total


def _fit(logits: Tensor, labels: Tensor, part: Term) -> Tensor:
    """Return (S,): cross-entropy, class-weighted for `weighted`, focal for `focal`."""
    entropy = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")  # (S, B)
    if part.method == "focal":  # Lin et al. 2017
        entropy = (1 - torch.exp(-entropy)) ** FOCUS * entropy
    if part.method == "weighted":
        aimed = torch.tensor([aim.class_index for aim in part.aims[0]], device=labels.device)
        share = torch.where(torch.isin(labels, aimed), 1.0, OTHERS_WEIGHT)
        return (share * entropy).sum(dim=1) / share.sum(dim=1)
    return entropy.mean(dim=1)


def _ratios(logits: Tensor, weight: Tensor, features: Tensor, part: Term, recipe: Recipe) -> Tensor:
    """Return the sum over seeds of || p_k(f) / (p_k(m f) + 1e-9) - o ||_2 (the published loss).

    For several classes the mean over them, so that lambda means the same for 2 and for 89. The
    bird version takes | mean over batch and classes of p(f) / p(m f) - o | instead.
    """
    usual = logits.softmax(dim=2)
    total, count = logits.new_zeros(()), 0
    for number, aim in enumerate(part.aims[0]):
        few = torch.stack([torch.from_numpy(aims[number].neurons) for aims in part.aims])
        few = few.to(features.device)[:, None]  # (S, 1, N)
        some = features.gather(2, few.expand(-1, features.shape[1], -1))
        theirs = weight.gather(2, few.expand(-1, weight.shape[1], -1))
        masked = (logits - torch.bmm(some, theirs.transpose(1, 2))).softmax(dim=2)
        if recipe.by_groups:
            ratio = (usual / (masked + TINY)).mean(dim=(1, 2))
            total, count = total + (ratio - aim.target).abs().sum(), count + 1
            continue
        rows = torch.from_numpy(aim.rows if recipe.every_class else np.array([aim.class_index]))
        rows = rows.to(features.device)
        ratio = usual[:, :, rows] / (masked[:, :, rows] + TINY)  # (S, B, R)
        total = total + torch.linalg.vector_norm(ratio - aim.target, dim=1).sum()
        count += len(rows)
    return total / count
