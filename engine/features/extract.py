"""One pass over a split: images -> feature cache, streamed and resumable, safe beside others."""

import logging
import shutil
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from engine.data.loader import loader
from engine.data.splits import Split
from engine.features.cache import is_finished
from engine.features.progress import PROGRESS, Done, partial_of
from engine.features.summarize import summarise
from engine.io.atomic import cannot_write, read_json, write_json
from engine.io.locks import wait_for
from engine.io.npy_stream import HEADER, RowFile
from engine.models.classifier import Classifier
from engine.schema.errors import RequestError, StorageError
from engine.schema.protocol import FeaturesJob
from engine.schema.records import Progress, Skipped
from engine.schema.requests import FeaturesRequest

COMMIT_EVERY = 8  # batches between two safe points


def fill_cache(
    classifier: Classifier,
    split: Split,
    directory: Path,
    request: FeaturesRequest,
    facts: dict[str, Any],
) -> FeaturesJob:
    """Make sure `directory` is a finished feature cache of `split`.

    Memory is bounded by the batch, not by the data: rows go to disk as they come. A pass that
    was interrupted goes on after its last safe point; a second process waits for the first.

    Raises:
        StorageError: The workspace cannot be written.
        RequestError: Not even one image fits in the device's memory.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(directory.with_suffix(".lock"))
        yield from wait_for(lock)
    except OSError as error:
        raise StorageError(cannot_write(directory, error)) from error
    try:
        if is_finished(directory):
            return
        partial = partial_of(directory)
        partial.mkdir(exist_ok=True, mode=0o700)
        done = yield from _pass(classifier, split, partial, request, facts)
        yield from summarise(classifier, split, partial, done, facts)
        if directory.exists():
            shutil.rmtree(directory)  # it was never finished
        partial.rename(directory)
        (directory / PROGRESS).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(cannot_write(directory, error)) from error
    finally:
        lock.release()


def _pass(
    classifier: Classifier,
    split: Split,
    partial: Path,
    request: FeaturesRequest,
    facts: dict[str, Any],
) -> Generator[Progress, None, Done]:
    saved = partial / PROGRESS
    dtype = np.float16 if facts["half"] else np.float32
    outputs = classifier.decision.out_features
    widths = {"features": classifier.width, "logits": outputs}
    row_bytes = {name: width * np.dtype(dtype).itemsize for name, width in widths.items()}
    done = _resumed(saved, partial, split, row_bytes)
    kept, skipped = list(done.rows), list(done.skipped)
    files = (
        RowFile(partial / "features.npy", classifier.width, dtype, len(kept)),
        RowFile(partial / "logits.npy", outputs, dtype, len(kept)),
    )
    total = len(split.samples)
    stage = f"reading {split.name}"
    yield Progress(stage=stage, done=done.images, total=total)
    seen = done.images
    forward = _Forward(classifier)
    try:
        batches = loader(classifier, split, seen, request, facts["seed"])
        for number, (indices, images, reasons) in enumerate(batches):
            if len(images):
                for file, rows in zip(files, forward(images), strict=True):
                    file.append(rows)
            kept += [i for i in indices if i not in reasons]
            skipped += [Skipped(split.samples[i].path, reason) for i, reason in reasons.items()]
            seen += len(indices)
            if number % COMMIT_EVERY == COMMIT_EVERY - 1 and seen < total:
                for file in files:
                    file.flush()
                write_json(saved, Done(seen, tuple(kept), tuple(skipped)))
            yield Progress(stage=stage, done=seen, total=total)
    finally:
        with (
            ExitStack() as closing
        ):  # on a full disk one may fail; the other is closed all the same
            for file in files:
                closing.callback(file.close, len(kept) if seen == total else None)
    finished = Done(seen, tuple(kept), tuple(skipped))
    write_json(saved, finished)
    return finished


def _resumed(saved: Path, partial: Path, split: Split, row_bytes: dict[str, int]) -> Done:
    fresh = Done(0, (), ())
    try:
        done = read_json(saved, Done)
        there = all(
            (partial / f"{name}.npy").stat().st_size >= HEADER + len(done.rows) * size
            for name, size in row_bytes.items()  # shorter: lost with the power, not safe at all
        )
    except (StorageError, OSError):
        return fresh
    return done if there and done.images <= len(split.samples) else fresh


class _Forward:
    """Features and logits, of as many images at once as the memory allows."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._at_once: int | None = None
        self._too_many: int | None = None

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features, logits, at = [], [], 0
        while at < len(images):
            some = images[at:][: self._at_once]
            found = self._fitting(some)
            if found is not None:
                features.append(found[0])
                logits.append(found[1])
                at += len(some)
        return torch.cat(features), torch.cat(logits)

    def _fitting(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return None where they were too many; fewer are tried from then on."""
        try:
            found = _forward(self._classifier, images)
        except torch.OutOfMemoryError:
            found = None  # the memory is freed below, when no traceback holds it any more
        if found is None:
            torch.cuda.empty_cache()
            if len(images) == 1:
                raise RequestError(
                    f"Not even one image of {images.shape[3]} x {images.shape[2]} pixels fits in "
                    f"the memory of {self._classifier.device}; free some of it, or set "
                    '`device = "cpu"` in workspace.toml.'
                )
            self._too_many = self._too_many or len(images)
            self._at_once = len(images) // 2
        elif self._too_many is not None:
            logging.getLogger(__name__).warning(
                "out of memory with %d images at once; going on with %d",
                self._too_many, self._at_once,
            )  # fmt: skip
            self._too_many = None
        return found


@torch.inference_mode()
def _forward(classifier: Classifier, images: Tensor) -> tuple[Tensor, Tensor]:
    device = classifier.device
    images = images.to(device, non_blocking=True, memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.float16, enabled=device.type == "cuda"):
        features = classifier.features(images)
    features = features.float()
    return features, classifier.decision(features)
