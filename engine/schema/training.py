"""Records of training: frozen and torch-free. Accuracies lie in 0 to 1, times are in seconds."""

from typing import Any

from msgspec import Struct

from engine.schema.records import Outcome


class TrainEpoch(Struct, frozen=True, kw_only=True, tag="train_epoch"):
    """One epoch, evaluated on the evaluation split."""

    epoch: int
    epochs: int
    lr: float
    loss: float
    """Mean cross-entropy over the training images."""
    train_accuracy: float
    evaluation: Outcome
    images_per_second: float
    seconds_left: float
    """Until the last epoch ends, estimated from this one."""


class Trained(Struct, frozen=True, kw_only=True, tag="trained"):
    """A finished run: train/<key>/result.json."""

    checkpoint: str
    """The best epoch's weights, a .safetensors file."""
    best_epoch: int
    best: TrainEpoch
    epochs: int
    """Epochs trained."""
    request: Any
    """The `TrainRequest`, as plain values."""
    provenance: dict[str, str]
    """Versions of this program and its libraries."""
