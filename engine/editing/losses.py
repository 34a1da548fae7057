"""Heads in training, stacked, and what their losses are made of.

A stack is (seeds, variants, C, D). The variants of a seed see the same batches, so that they differ
in their loss alone.

Source: docs/concepts.md, edits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.editing.heads import EDIT, LAMBDA_0, PLACEBO, Head
from engine.editing.plan import Aim, Plan, Recipe

Best = tuple[tuple[float, float], Head]
"""A head and its score on the selection images."""


@dataclass(frozen=True)
class HeadBatch:
    """One variant's heads on a batch, seed by seed."""

    logits: Tensor
    """(S, B, C)."""
    weight: Tensor
    """(S, C, D)."""
    features: Tensor
    """(S, B, D)."""
    labels: Tensor
    """(S, B)."""
    aims: Sequence[tuple[Aim, ...]]
    """What is edited, a tuple a seed: a placebo's neurons differ from seed to seed."""
    recipe: Recipe

    def entropy(self) -> Tensor:
        """Return the cross-entropy (S, B)."""
        return F.cross_entropy(self.logits.transpose(1, 2), self.labels, reduction="none")


Loss = Callable[[HeadBatch], Tensor]


@dataclass(frozen=True)
class Term:
    """A variant and its loss."""

    name: str
    loss: Loss
    aims: Sequence[tuple[Aim, ...]] = ()


class HasLoss(Protocol):
    """What training asks of an edit method."""

    controls: tuple[str, ...]

    def loss(self, batch: HeadBatch) -> Tensor:
        """Return the sum over seeds of one variant's loss."""
        ...


def plain(batch: HeadBatch) -> Tensor:
    """Return the sum over seeds of the mean cross-entropy: the no-penalty control's loss."""
    return batch.entropy().mean(dim=1).sum()


def terms(plan: Plan, method: HasLoss) -> list[Term]:
    """Return the edit's variant and its trained controls'."""
    size = plan.sizes[-1]
    same = [tuple(aim.first(size) for aim in plan.aims)] * plan.request.seeds
    variants = [Term(EDIT, method.loss, same), Term(LAMBDA_0, plain)]
    if PLACEBO in method.controls:
        variants.append(Term(PLACEBO, method.loss, plan.placebos(size)))
    return variants


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
        parts: A variant each.
        recipe: The constants.
        batch: Features (S, B, D) and labels (S, B).
    """
    features, labels = batch
    seeds, variants, classes, width = stack.weight.shape
    flat = stack.weight.reshape(seeds, variants * classes, width)
    logits = torch.bmm(features, flat.transpose(1, 2)).view(seeds, -1, variants, classes)
    logits = logits.transpose(1, 2) + stack.bias  # (S, A, B, C)
    total = logits.new_zeros(())
    for place, part in enumerate(parts):
        mine = (logits[:, place], stack.weight[:, place], features, labels)
        total = total + part.loss(HeadBatch(*mine, part.aims, recipe))
    return total
