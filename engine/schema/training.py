"""What training answers. Frozen and torch-free. Accuracies lie in 0 to 1."""

from typing import Any

from msgspec import Struct

from engine.schema.records import Outcome


class TrainEpoch(Struct, frozen=True, kw_only=True, tag="train_epoch"):
    """One epoch, scored on the evaluation split."""

    epoch: int
    epochs: int
    lr: float
    loss: float
    train_accuracy: float
    evaluation: Outcome
    images_per_second: float
    seconds_left: float


class Trained(Struct, frozen=True, kw_only=True, tag="trained"):
    """A finished run: train/<key>/result.json."""

    checkpoint: str
    best_epoch: int
    best: TrainEpoch
    epochs: int
    request: Any
    provenance: dict[str, str]
