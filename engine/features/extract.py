"""Extraction: images -> feature cache, streamed, resumable, and safe beside other processes."""

import logging
import shutil
from collections import Counter
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

COMMIT_EVERY = 8  # batches; an interrupted extraction repeats at most so many


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
        done = yield from _write_rows(classifier, split, partial, request, facts)
        yield from summarise(classifier, split, partial, done, facts)
        if directory.exists():
            shutil.rmtree(directory)  # it was never finished
        partial.rename(directory)
        (directory / PROGRESS).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(cannot_write(directory, error)) from error
    finally:
        lock.release()


def _write_rows(
    classifier: Classifier,
    split: Split,
    partial: Path,
    request: FeaturesRequest,
    facts: dict[str, Any],
) -> Generator[Progress, None, Done]:
    """Write features (n, D) and logits (n, C) of all images that can be decoded."""
    saved = partial / PROGRESS
    dtype = np.float16 if facts["half"] else np.float32
    outputs = classifier.decision.out_features
    widths = {"features": classifier.width, "logits": outputs}
    row_bytes = {name: width * np.dtype(dtype).itemsize for name, width in widths.items()}
    done = _resumed(saved, partial, split, row_bytes)
    kept, skipped, differs = list(done.rows), list(done.skipped), Counter(done.differs)
    files = (
        RowFile(partial / "features.npy", classifier.width, dtype, len(kept)),
        RowFile(partial / "logits.npy", outputs, dtype, len(kept)),
    )
    total = len(split.samples)
    stage = f"extracting features of {split.name}"
    yield Progress(stage=stage, done=done.images, total=total)
    seen = done.images
    forward = _Forward(classifier)
    try:
        batches = loader(classifier, split, seen, request, facts["seed"])
        for number, batch in enumerate(batches):
            if len(batch.pixels):
                for file, rows in zip(files, forward(batch.pixels), strict=True):
                    file.append(rows)
            kept += [i for i in batch.rows if i not in batch.reasons]
            skipped += [Skipped(split.samples[i].path, why) for i, why in batch.reasons.items()]
            differs += batch.differs
            seen += len(batch.rows)
            if number % COMMIT_EVERY == COMMIT_EVERY - 1 and seen < total:
                for file in files:
                    file.flush()
                write_json(saved, Done(seen, tuple(kept), tuple(skipped), dict(differs)))
            yield Progress(stage=stage, done=seen, total=total)
    finally:
        # on a full disk closing one may fail; the other is closed all the same
        with ExitStack() as closing:
            for file in files:
                closing.callback(file.close, len(kept) if seen == total else None)
    finished = Done(seen, tuple(kept), tuple(skipped), dict(differs))
    write_json(saved, finished)
    return finished


def _resumed(saved: Path, partial: Path, split: Split, row_bytes: dict[str, int]) -> Done:
    """Return what an interrupted extraction left that can be used: nothing, where rows are lost.

    Args:
        saved: progress.json.
        partial: The unfinished feature cache.
        split: The images.
        row_bytes: Bytes of a row, by the name of its file.
    """
    nothing = Done(0, (), ())
    try:
        done = read_json(saved, Done)
        whole = all(
            (partial / f"{name}.npy").stat().st_size >= HEADER + len(done.rows) * size
            for name, size in row_bytes.items()  # shorter files were cut by a power failure
        )
    except (StorageError, OSError):
        return nothing
    return done if whole and done.images <= len(split.samples) else nothing


class _Forward:
    """Computes features and logits, in smaller batches once the device's memory is too small."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._batch_size: int | None = None
        """None: whatever the loader gives."""
        self._too_large: int | None = None

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, D) and logits (B, C) of images (B, 3, H, W)."""
        features, logits, done = [], [], 0
        while done < len(images):
            batch = images[done:][: self._batch_size]
            outputs = self._try(batch)
            if outputs is not None:
                features.append(outputs[0])
                logits.append(outputs[1])
                done += len(batch)
        return torch.cat(features), torch.cat(logits)

    def _try(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return None where memory does not suffice; batches are half as large from then on."""
        try:
            outputs = _forward(self._classifier, images)
        except torch.OutOfMemoryError:
            outputs = None  # the memory is freed below, when no traceback holds it any more
        if outputs is None:
            torch.cuda.empty_cache()
            if len(images) == 1:
                raise RequestError(
                    f"Not even one image of {images.shape[3]} x {images.shape[2]} pixels fits in "
                    f"the memory of {self._classifier.device}; free some of it, or set "
                    '`device = "cpu"` in workspace.toml.'
                )
            self._too_large = self._too_large or len(images)
            self._batch_size = len(images) // 2
        elif self._too_large is not None:
            logging.getLogger(__name__).warning(
                "out of memory with batch size %d; continuing with %d",
                self._too_large, self._batch_size,
            )  # fmt: skip
            self._too_large = None
        return outputs


@torch.inference_mode()
def _forward(classifier: Classifier, images: Tensor) -> tuple[Tensor, Tensor]:
    device = classifier.device
    images = images.to(device, non_blocking=True, memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.float16, enabled=device.type == "cuda"):
        features = classifier.features(images)
    features = features.float()
    return features, classifier.decision(features)
