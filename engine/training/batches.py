"""Batches of a split for training and evaluation, on the classifier's device."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from engine.data.loader import Images, Item, deaf, workers_for
from engine.data.splits import Split
from engine.models.classifier import Classifier
from engine.schema.requests import TrainRequest


def batches(
    classifier: Classifier, split: Split, order: Sequence[int], view: int, request: TrainRequest
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield images (B, 3, H, W), on the device, and their rows in the split (B,), on the CPU.

    Images that cannot be decoded are skipped.

    Args:
        classifier: Names transform and device.
        split: The images.
        order: Their rows, in the order of the batches.
        view: 0 for the evaluation transform; above, the number of an augmented view.
        request: Names batch size, workers and seed.
    """
    loader = DataLoader(
        Images(split, classifier.transform(), view, request.seed),
        batch_size=request.batch_size,
        sampler=order,
        num_workers=workers_for(classifier.device, request.workers, len(order)),
        collate_fn=_collate,
        worker_init_fn=deaf,
        pin_memory=classifier.device.type == "cuda",
    )
    for rows, images in loader:
        if len(rows):
            moved = images.to(
                classifier.device, memory_format=torch.channels_last, non_blocking=True
            )
            yield moved, rows


def _collate(items: list[Item]) -> tuple[Tensor, Tensor]:
    decoded = [(row, pixels) for row, pixels, _ in items if isinstance(pixels, Tensor)]
    images = torch.stack([pixels for _, pixels in decoded]) if decoded else torch.empty(0)
    return torch.tensor([row for row, _ in decoded], dtype=torch.long), images


def autocast(device: torch.device) -> torch.autocast:
    """Return a context that computes in bfloat16 where a GPU supports it, else as usual."""
    supported = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=supported)
