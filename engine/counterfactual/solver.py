"""Counterfactual explanation: the smallest change of the features that flips the decision.

Source: paper section 3.1; docs/concepts.md, counterfactual explanation.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

LR = 0.01
MOMENTUM = 0.9
L1 = 0.1
L2 = 0.01
MAX_STEPS = 2000
ROWS_AT_ONCE = 4096  # bounds the memory: four (rows, D) tensors


@dataclass(frozen=True)
class Nudges:
    """Per row: the nudge (M, D), steps taken (M,), whether the decision flipped (M,)."""

    delta: Tensor
    steps: Tensor
    flipped: Tensor


@torch.inference_mode()
def nudge(
    features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, *, max_steps: int = MAX_STEPS
) -> Nudges:
    """Nudge every row of `features` (M, D) until it decides for its label (M,).

    SGD with momentum on CE(W(f + w) + b, k) + 0.1 |w|_1 / D + 0.01 |w|_2 / D from w = 0, in
    closed form and float64 where the device has it; a row stops as soon as it flips, and its
    result does not depend on the rows beside it.
    """
    exact = torch.float32 if features.device.type == "mps" else torch.float64
    weight, bias = weight.to(exact), bias.to(exact)
    parts = [
        _nudge_rows(rows.to(exact), targets, weight, bias, max_steps)
        for rows, targets in zip(
            features.split(ROWS_AT_ONCE), labels.split(ROWS_AT_ONCE), strict=True
        )
    ]
    if not parts:
        empty = features.new_zeros(0, dtype=torch.long)
        return Nudges(features.to(exact), empty, empty.bool())
    return Nudges(
        torch.cat([part.delta for part in parts]),
        torch.cat([part.steps for part in parts]),
        torch.cat([part.flipped for part in parts]),
    )


def _nudge_rows(
    features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, max_steps: int
) -> Nudges:
    width = features.shape[1]
    delta = torch.zeros_like(features)
    steps = torch.zeros_like(labels)
    flipped = torch.zeros_like(labels, dtype=torch.bool)
    rows = torch.arange(len(labels), device=features.device)  # those not flipped yet
    f, k, w, velocity = features, labels, delta.clone(), delta.clone()
    for step in range(max_steps + 1):
        logits = (f + w) @ weight.T + bias  # (R, C)
        now = logits.argmax(dim=1) == k
        if bool(now.any()) or step == max_steps:
            done = rows[now]
            delta[done], steps[done], flipped[done] = w[now], step, True
            keep = ~now
            rows, f, k, w, velocity = rows[keep], f[keep], k[keep], w[keep], velocity[keep]
            logits = logits[keep]
        if len(rows) == 0:
            break
        if step == max_steps:
            delta[rows], steps[rows] = w, step
            break
        residual = logits.softmax(dim=1)
        residual[torch.arange(len(k), device=k.device), k] -= 1
        norm = w.norm(dim=1, keepdim=True)
        pull = torch.where(norm > 0, w / norm, 0.0)  # |w|_2's subgradient at 0 is 0
        gradient = residual @ weight + (L1 * w.sign() + L2 * pull) / width
        velocity = MOMENTUM * velocity + gradient
        w = w - LR * velocity
    return Nudges(delta, steps, flipped)
