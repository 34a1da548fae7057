"""Counterfactual explanation: a small change of the features that corrects the prediction.

Source: paper section 3.1; docs/concepts.md, counterfactual explanation.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

LR = 0.01
MOMENTUM = 0.9
L1 = 0.1
"""Weight of |w|_1 / D."""
L2 = 0.01
"""Weight of |w|_2 / D."""
MAX_STEPS = 2000
ROWS_AT_ONCE = 4096
"""Bounds the memory: four tensors (rows, D)."""


@dataclass(frozen=True)
class Nudges:
    """Changes of M rows of D features.

    Args:
        delta: (M, D), what is added to the features.
        steps: (M,), the descent steps taken, 0 to the cap.
        flipped: (M,), whether the prediction is the label now.
    """

    delta: Tensor
    steps: Tensor
    flipped: Tensor


@torch.inference_mode()
def nudge(
    features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, *, max_steps: int = MAX_STEPS
) -> Nudges:
    """Change every row of features until it is predicted as its label.

    SGD with momentum on CE(W(f + w) + b, k) + 0.1 |w|_1 / D + 0.01 |w|_2 / D from w = 0, with the
    gradient in closed form, in float64 where the device has it. A row stops as soon as it is
    predicted as its label, and its result does not depend on the other rows.

    Args:
        features: (M, D).
        labels: (M,), the class k of each row.
        weight: (C, D), W of the decision layer.
        bias: (C,), its b.
        max_steps: After so many steps a row counts as not flipped.
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
    rows = torch.arange(len(labels), device=features.device)  # those still to flip
    f, k, w, velocity = features, labels, delta.clone(), delta.clone()
    for step in range(max_steps + 1):
        logits = (f + w) @ weight.T + bias  # (R, C)
        correct = logits.argmax(dim=1) == k
        if bool(correct.any()) or step == max_steps:
            done = rows[correct]
            delta[done], steps[done], flipped[done] = w[correct], step, True
            keep = ~correct
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
        unit = torch.where(norm > 0, w / norm, 0.0)  # |w|_2's subgradient at 0 is 0
        gradient = residual @ weight + (L1 * w.sign() + L2 * unit) / width
        velocity = MOMENTUM * velocity + gradient
        w = w - LR * velocity
    return Nudges(delta, steps, flipped)
