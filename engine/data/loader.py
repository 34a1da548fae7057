"""Images -> batches, decoded and transformed by worker processes."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.data.augmentation import augmented_view
from engine.data.images import decode
from engine.data.splits import Sample, Split
from engine.models.classifier import Classifier, Transform
from engine.schema.errors import DataError
from engine.schema.requests import FeaturesRequest

FEW = 64  # images not worth a process


Item = tuple[int, Tensor | str]


@dataclass(frozen=True)
class Images(Dataset[Item]):
    """Decodes and transforms; a picture that cannot be had is its reason."""

    root: Path
    samples: tuple[Sample, ...]
    transform: Transform
    view: int
    seed: int

    def __len__(self) -> int:
        """Count the images."""
        return len(self.samples)

    def __getitem__(self, index: int) -> Item:
        """Return (index, pixels (3, H, W) or the reason why not)."""
        try:
            image = decode(self.root / self.samples[index].path)
        except DataError as error:
            return index, str(error)
        if self.view:
            image = augmented_view(image, seed=(self.seed, self.view, index))
        return index, self.transform(image)


def loader(
    classifier: Classifier, split: Split, start: int, request: FeaturesRequest, seed: int
) -> "DataLoader[Any]":
    """Return batches of (indices, pixels (B, 3, H, W), reasons) from image `start` on."""
    images = Images(Path(split.root), split.samples, classifier.transform(), request.view, seed)
    cuda = classifier.device.type == "cuda"
    left = len(images) - start
    return DataLoader(
        images,
        batch_size=request.batch_size or (256 if cuda else 32),
        sampler=range(start, len(images)),
        num_workers=workers_for(classifier.device, request.workers, left),
        collate_fn=_collate,
        worker_init_fn=deaf,
        pin_memory=cuda,
    )


def deaf(worker: int) -> None:
    """Leave ending a worker to its parent: Ctrl-C and a scheduler's SIGTERM reach them all."""
    del worker
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def workers_for(device: torch.device, asked: int, images: int) -> int:
    """Return how many processes decode: those asked for, or what suits the machine and the job."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4
    usual = 16 if device.type == "cuda" else max(cores - 1, 1)
    return (asked if asked >= 0 else min(usual, cores)) if images > FEW else 0


def _collate(items: list[Item]) -> tuple[list[int], Tensor, dict[int, str]]:
    good = [value for _, value in items if isinstance(value, Tensor)]
    reasons = {index: value for index, value in items if isinstance(value, str)}
    return [i for i, _ in items], torch.stack(good) if good else torch.empty(0), reasons
