"""A split's images -> batches, decoded and transformed by worker processes."""

import os
import signal
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.data.augmentation import augmented_view
from engine.data.images import open_image
from engine.data.splits import Split
from engine.models.classifier import Classifier, Transform
from engine.schema.errors import DataError
from engine.schema.requests import FeaturesRequest

FEW = 64  # up to so many images are not worth a worker process


Item = tuple[int, Tensor | str]


@dataclass(frozen=True)
class Images(Dataset[Item]):
    """Decodes and transforms; an image that cannot be decoded yields the reason instead."""

    split: Split
    transform: Transform
    view: int
    """0: as it is; 1 and up: augmented, each view from its own seed."""
    seed: int

    def __len__(self) -> int:
        """Count the images."""
        return len(self.split.samples)

    def __getitem__(self, index: int) -> Item:
        """Return the index, and pixels (3, H, W) or the reason why there are none."""
        try:
            image = open_image(self.split, self.split.samples[index])
        except DataError as error:
            return index, str(error)
        if self.view:
            image = augmented_view(image, seed=(self.seed, self.view, index))
        return index, self.transform(image)


def loader(
    classifier: Classifier, split: Split, start: int, request: FeaturesRequest, seed: int
) -> "DataLoader[Any]":
    """Return batches of indices, pixels (B, 3, H, W), reasons by index, from image `start` on."""
    images = Images(split, classifier.transform(), request.view, seed)
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
    """Make a worker ignore signals: Ctrl-C and SIGTERM reach its parent too, which ends it."""
    del worker
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def workers_for(device: torch.device, asked: int, images: int) -> int:
    """Return the number of worker processes: as asked, or for -1 one that fits cores and work."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4
    usual = 16 if device.type == "cuda" else max(cores - 1, 1)
    return (asked if asked >= 0 else min(usual, cores)) if images > FEW else 0


def _collate(items: list[Item]) -> tuple[list[int], Tensor, dict[int, str]]:
    good = [value for _, value in items if isinstance(value, Tensor)]
    reasons = {index: value for index, value in items if isinstance(value, str)}
    return [i for i, _ in items], torch.stack(good) if good else torch.empty(0), reasons
