"""Class-weighted cross-entropy, as published beside the ratio (paper section 3.3)."""

from typing import TYPE_CHECKING

from engine.editing.methods.base import TrainedMethod

if TYPE_CHECKING:
    from torch import Tensor

    from engine.editing.losses import HeadBatch

OTHERS_WEIGHT = 0.9


class Weighted(TrainedMethod):
    """Cross-entropy with weight 1 for the edited classes and 0.9 for all others."""

    title = "class-weighted training"
    help = "trains with the edited classes weighted up; uses no neurons"

    def loss(self, batch: "HeadBatch") -> "Tensor":
        """Return the sum over seeds of the weighted mean cross-entropy."""
        import torch

        entropy = batch.entropy()  # (S, B)
        edited = torch.tensor([aim.class_index for aim in batch.aims[0]], device=entropy.device)
        share = torch.where(torch.isin(batch.labels, edited), 1.0, OTHERS_WEIGHT)
        return ((share * entropy).sum(dim=1) / share.sum(dim=1)).sum()


KIND = Weighted()
