"""Focal loss (Lin et al. 2017), as published beside the ratio (paper section 3.3)."""

from typing import TYPE_CHECKING

from engine.editing.methods.base import TrainedMethod

if TYPE_CHECKING:
    from torch import Tensor

    from engine.editing.losses import HeadBatch

FOCUS = 2.0


class Focal(TrainedMethod):
    """(1 - p_true)^2 times the cross-entropy."""

    title = "focal loss"
    help = "trains with hard images weighted up; uses no neurons"

    def loss(self, batch: "HeadBatch") -> "Tensor":
        """Return the sum over seeds of the mean focal loss."""
        import torch

        entropy = batch.entropy()  # (S, B)
        focal = (1 - torch.exp(-entropy)) ** FOCUS * entropy
        return focal.mean(dim=1).sum()


KIND = Focal()
