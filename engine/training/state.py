"""The state of a training run between two epochs, as JSON, safetensors and CSV."""

import csv
import io
from pathlib import Path

import torch
from msgspec import Struct
from torch import Tensor, nn

from engine.io.atomic import write_beside
from engine.models.optimizer import optimizer_tensors, restore_optimizer
from engine.schema.training import TrainEpoch


class State(Struct, frozen=True):
    """state.json: how far a run is; its tensors are in epoch-<epoch>.safetensors."""

    epoch: int
    """The last finished epoch, from 1; 0 for none."""
    best: float
    """The best score so far: an accuracy, 0 to 1, or -inf before the first epoch."""
    best_epoch: int
    stale: int
    """Epochs since the best one."""
    history: tuple[TrainEpoch, ...]


def tensors_of(body: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return everything the next epoch depends on, copied to the CPU."""
    tensors = {f"model/{key}": value for key, value in body.state_dict().items()}
    tensors |= optimizer_tensors(optimizer)
    return {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}


def restore(body: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Restore what `tensors_of` returned."""
    model = {k.removeprefix("model/"): v for k, v in tensors.items() if k.startswith("model/")}
    body.load_state_dict(model)
    restore_optimizer(optimizer, tensors)


def write_metrics(path: Path, history: tuple[TrainEpoch, ...]) -> None:
    """Write metrics.csv, a row an epoch.

    Raises:
        StorageError: The directory cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("epoch", "lr", "loss", "train_accuracy", "accuracy", "worst_class",
                     "worst_group", "images_per_second"))  # fmt: skip
    for record in history:
        evaluation = record.evaluation
        writer.writerow((record.epoch, record.lr, record.loss, record.train_accuracy,
                         evaluation.overall, evaluation.worst_class, evaluation.worst_group,
                         round(record.images_per_second)))  # fmt: skip
    write_beside(path, lambda temporary: _write_text(temporary, text.getvalue()))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
