"""A training run between two epochs, on disk, nothing of it pickled."""

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
    """state.json: how far a run is; tensors lie in epoch-<epoch>.safetensors."""

    epoch: int
    best: float
    best_epoch: int
    stale: int
    history: tuple[TrainEpoch, ...]


def tensors_of(body: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return everything a later epoch depends on."""
    found = {f"model/{key}": value for key, value in body.state_dict().items()}
    found |= optimizer_tensors(optimizer)
    return {key: value.detach().cpu().contiguous().clone() for key, value in found.items()}


def restore(body: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put `tensors_of` back."""
    model = {k.removeprefix("model/"): v for k, v in tensors.items() if k.startswith("model/")}
    body.load_state_dict(model)
    restore_optimizer(optimizer, tensors)


def write_metrics(path: Path, history: tuple[TrainEpoch, ...]) -> None:
    """Write metrics.csv."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("epoch", "lr", "loss", "train_accuracy", "accuracy", "worst_class",
                     "worst_group", "images_per_second"))  # fmt: skip
    for some in history:
        e = some.evaluation
        writer.writerow((some.epoch, some.lr, some.loss, some.train_accuracy, e.overall,
                         e.worst_class, e.worst_group, round(some.images_per_second)))  # fmt: skip
    write_beside(path, lambda temporary: _write_text(temporary, text.getvalue()))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
