"""Extraction: images -> feature cache, streamed, resumable, and safe beside other processes."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.loader import loader
from engine.data.splits import Split
from engine.features.progress import Done
from engine.features.streaming import Column, built, stream_rows
from engine.features.summarize import summarise
from engine.models.classifier import Classifier
from engine.schema.protocol import FeaturesJob
from engine.schema.records import Progress
from engine.schema.requests import FeaturesRequest


def fill_cache(
    classifier: Classifier,
    split: Split,
    directory: Path,
    request: FeaturesRequest,
    facts: dict[str, Any],
) -> FeaturesJob:
    """Make sure `directory` is a finished feature cache of `split`.

    Memory is bounded by the batch size: rows go to disk as they come. An interrupted extraction
    resumes where its rows were last safe on disk; a second process waits for the first.

    Args:
        classifier: Whose features to extract.
        split: The images.
        directory: Of the feature cache; it appears when the cache is whole.
        request: Batch size, workers and view.
        facts: What goes into the cache's record: key, view, half, seed and weights.

    Raises:
        StorageError: The workspace cannot be written.
        RequestError: Not even one image fits in the device's memory.
    """

    def build(partial: Path) -> Iterator[Progress]:
        done = yield from _write_rows(classifier, split, partial, request, facts)
        yield from summarise(classifier, split, partial, done, facts)

    yield from built(directory, build)


def _write_rows(
    classifier: Classifier,
    split: Split,
    partial: Path,
    request: FeaturesRequest,
    facts: dict[str, Any],
) -> Generator[Progress, None, Done]:
    """Write features (n, D) and logits (n, C) of all images that can be decoded."""
    dtype = np.float16 if facts["half"] else np.float32
    columns = {
        "features": Column(classifier.width, dtype),
        "logits": Column(classifier.decision.out_features, dtype),
    }
    return (
        yield from stream_rows(
            split.samples,
            partial,
            columns,
            lambda start: loader(classifier, split, start, request, facts["seed"]),
            lambda images: _forward(classifier, images),
            classifier.device,
            f"extracting features of {split.name}",
        )
    )


@torch.inference_mode()
def _forward(classifier: Classifier, images: Tensor) -> tuple[Tensor, Tensor]:
    device = classifier.device
    images = images.to(device, non_blocking=True, memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.float16, enabled=device.type == "cuda"):
        features = classifier.features(images)
    features = features.float()
    return features, classifier.decision(features)
