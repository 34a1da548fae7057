"""The published edit: the class keeps its probability when the neurons are ablated.

Source: paper section 3.3; docs/concepts.md, edits.
"""

from typing import TYPE_CHECKING

import numpy as np

from engine.editing.heads import LAMBDA_0, PLACEBO
from engine.editing.methods.base import FEW_NEURONS, Need, TrainedMethod, settled
from engine.editing.plan import Recipe
from engine.schema.requests import EditRequest

if TYPE_CHECKING:
    from torch import Tensor

    from engine.editing.losses import HeadBatch

TINY = 1e-9
WIDE_TOP = "40%"
PRESETS = {
    "paper": Recipe(0.01, None, 1e-3, 128),
    "bird": Recipe(0.01, 1.0, 5e-5, 32, weight_decay=1e-4, scheduled=False, by_groups=True),
    "wide": Recipe(0.1, 1.0, 1e-3, 128, every_class=True),
}


class Ratio(TrainedMethod):
    """Cross-entropy + lambda || p_k(f) / (p_k(m f) + 1e-9) - o ||_2."""

    title = "the published loss"
    help = "trains until the class keeps its probability when the neurons are ablated"
    needs: frozenset[Need] = frozenset({"neurons", "training"})
    options = ("preset", "strength", "target", *TrainedMethod.options)
    controls = (LAMBDA_0, PLACEBO)

    def recipe(self, request: EditRequest) -> Recipe:
        """Return the preset's, with what the request says instead."""
        return settled(PRESETS[request.preset], request)

    def ranking(self, request: EditRequest) -> str:
        """Return the published votes for the published presets."""
        return super().ranking(request) if request.preset == "wide" else "votes"

    def auto_top(self, request: EditRequest) -> str:
        """Return 40% for the wide preset, else as many as a mistake votes for."""
        return WIDE_TOP if request.preset == "wide" else FEW_NEURONS

    def loss(self, batch: "HeadBatch") -> "Tensor":
        """Return the sum over seeds of cross-entropy and ratio term."""
        entropy = batch.entropy().mean(dim=1).sum()
        if batch.recipe.strength <= 0:
            return entropy
        return entropy + batch.recipe.strength * ratios(batch)


def ratios(batch: "HeadBatch") -> "Tensor":
    """Return the sum over seeds of || p_k(f) / (p_k(m f) + 1e-9) - o ||_2 (the published loss).

    For several classes the mean over them, so that lambda means the same for 2 and for 89. The
    bird version takes | mean over batch and classes of p(f) / p(m f) - o | instead.
    """
    import torch

    logits, weight, features = batch.logits, batch.weight, batch.features
    usual = logits.softmax(dim=2)
    total, count = logits.new_zeros(()), 0
    for number, aim in enumerate(batch.aims[0]):
        few = torch.stack([torch.from_numpy(aims[number].neurons) for aims in batch.aims])
        few = few.to(features.device)[:, None]  # (S, 1, N)
        some = features.gather(2, few.expand(-1, features.shape[1], -1))
        theirs = weight.gather(2, few.expand(-1, weight.shape[1], -1))
        masked = (logits - torch.bmm(some, theirs.transpose(1, 2))).softmax(dim=2)
        if batch.recipe.by_groups:
            ratio = (usual / (masked + TINY)).mean(dim=(1, 2))
            total, count = total + (ratio - aim.target).abs().sum(), count + 1
            continue
        rows = torch.from_numpy(
            aim.rows if batch.recipe.every_class else np.array([aim.class_index])
        )
        rows = rows.to(features.device)
        ratio = usual[:, :, rows] / (masked[:, :, rows] + TINY)  # (S, B, R)
        total = total + torch.linalg.vector_norm(ratio - aim.target, dim=1).sum()
        count += len(rows)
    return total / count


KIND = Ratio()
