"""A split's images -> batches, decoded and transformed by worker processes."""

import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.data.augmentation import augmented_view
from engine.data.images import Difference, ImagePlace, open_for_model, open_image
from engine.data.splits import Sample, Split
from engine.io.cores import usable_cores
from engine.models.classifier import Classifier, Transform
from engine.schema.errors import DataError
from engine.schema.requests import FeaturesRequest

FEW = 64  # up to so many images are not worth a worker process


Item = tuple[int, Tensor | str, tuple[Difference, ...]]


class Batch(NamedTuple):
    """Some images, as a loader gives them."""

    rows: list[int]
    """In the split."""
    pixels: Tensor
    """(B, 3, H, W) of those that can be decoded."""
    reasons: dict[int, str]
    """By row: why an image cannot be decoded."""
    differs: Counter[str]
    """How many images the model sees otherwise than a person, by the kind of difference."""


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
        """Return the index, pixels (3, H, W) or the reason why there are none, and differences."""
        try:
            image, differs = open_for_model(self.split, self.split.samples[index])
        except DataError as error:
            return index, str(error), ()
        if self.view:
            image = augmented_view(image, seed=(self.seed, self.view, index))
        return index, self.transform(image), differs


@dataclass(frozen=True)
class Pictures(Dataset[Item]):
    """Decodes as a person sees them, and transforms; else yields the reason as `Images` does."""

    place: ImagePlace
    samples: Sequence[Sample]
    transform: Transform

    def __len__(self) -> int:
        """Count the images."""
        return len(self.samples)

    def __getitem__(self, index: int) -> Item:
        """Return the index, and pixels (3, H, W) or the reason why there are none."""
        try:
            return index, self.transform(open_image(self.place, self.samples[index])), ()
        except DataError as error:
            return index, str(error), ()


def loader(
    classifier: Classifier, split: Split, start: int, request: FeaturesRequest, seed: int
) -> "DataLoader[Any]":
    """Return a loader of `Batch`es, from image `start` on."""
    images = Images(split, classifier.transform(), request.view, seed)
    return batches(images, start, classifier.device, request.batch_size, request.workers)


def batches(
    images: "Images | Pictures", start: int, device: torch.device, batch_size: int, workers: int
) -> "DataLoader[Any]":
    """Return a loader of `Batch`es, from image `start` on.

    Args:
        images: What decodes them.
        start: The first.
        device: Where they are used.
        batch_size: Images a batch; 0 is automatic.
        workers: Decoding processes; -1 is automatic.
    """
    cuda = device.type == "cuda"
    left = len(images) - start
    return DataLoader(
        images,
        batch_size=batch_size or (256 if cuda else 32),
        sampler=range(start, len(images)),
        num_workers=workers_for(device, workers, left),
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
    cores = usable_cores()
    usual = 16 if device.type == "cuda" else max(cores - 1, 1)
    return (asked if asked >= 0 else min(usual, cores)) if images > FEW else 0


def _collate(items: list[Item]) -> Batch:
    good = [value for _, value, _ in items if isinstance(value, Tensor)]
    return Batch(
        [index for index, _, _ in items],
        torch.stack(good) if good else torch.empty(0),
        {index: value for index, value, _ in items if isinstance(value, str)},
        Counter(kind.value for _, _, differs in items for kind in differs),
    )
