"""Images -> rows on disk: streamed, resumable, and safe beside other processes."""

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from engine.data.loader import Batch
from engine.data.splits import Sample
from engine.features.cache import is_finished
from engine.features.progress import PROGRESS, Done, partial_of
from engine.io.atomic import cannot_write, read_json, write_json
from engine.io.locks import wait_for
from engine.io.npy_stream import HEADER, RowFile
from engine.schema.errors import RequestError, StorageError
from engine.schema.records import Progress, Skipped

COMMIT_EVERY = 8  # batches; an interrupted extraction repeats at most so many

Forward = Callable[[Tensor], tuple[Tensor, ...]]
"""Computes the rows of each column from images (B, 3, H, W)."""


class Column(NamedTuple):
    """A file of rows."""

    width: int
    dtype: Any

    @property
    def row_bytes(self) -> int:
        """How many bytes a row takes."""
        return self.width * np.dtype(self.dtype).itemsize


def built(
    directory: Path, build: Callable[[Path], Iterator[Progress]]
) -> Generator[Progress, None, None]:
    """Make sure that `directory` is whole: a second process waits for the first.

    Args:
        directory: It appears when it is whole, which its meta.json says.
        build: Fills the unfinished directory that it is given, meta.json last.

    Raises:
        StorageError: The workspace cannot be written.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory.with_suffix(".lock"))
        yield from wait_for(lock)
    except OSError as error:
        raise StorageError(cannot_write(directory, error)) from error
    try:
        if is_finished(directory):
            return
        partial = partial_of(directory)
        partial.mkdir(exist_ok=True)
        yield from build(partial)
        if directory.exists():
            shutil.rmtree(directory)  # it was never finished
        partial.rename(directory)
        (directory / PROGRESS).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(cannot_write(directory, error)) from error
    finally:
        lock.release()


def stream_rows(
    samples: Sequence[Sample],
    partial: Path,
    columns: Mapping[str, Column],
    batches: Callable[[int], Iterable[Batch]],
    forward: Forward,
    device: torch.device,
    stage: str,
) -> Generator[Progress, None, Done]:
    """Write a row to each column for every image that can be decoded.

    Memory is bounded by the batch size: rows go to disk as they come. What was interrupted goes on
    where its rows were last safe on disk.

    Args:
        samples: The images.
        partial: The unfinished directory; a column's file is its name and `.npy`.
        columns: In the order in which `forward` gives them.
        batches: Loads the images from the one of an index on.
        forward: Computes the rows of a batch.
        device: Where it does.
        stage: What progress is called.

    Raises:
        RequestError: Not even one image fits in the device's memory.
    """
    saved = partial / PROGRESS
    total = len(samples)
    done = _resumed(saved, partial, total, columns)
    kept, skipped, differs = list(done.rows), list(done.skipped), Counter(done.differs)
    files = tuple(
        RowFile(partial / f"{name}.npy", column.width, column.dtype, len(kept))
        for name, column in columns.items()
    )
    yield Progress(stage=stage, done=done.images, total=total)
    seen = done.images
    fitting = _Fitting(forward, device)
    try:
        for number, batch in enumerate(batches(seen)):
            if len(batch.pixels):
                for file, rows in zip(files, fitting(batch.pixels), strict=True):
                    file.append(rows)
            kept += [i for i in batch.rows if i not in batch.reasons]
            skipped += [Skipped(samples[i].path, why) for i, why in batch.reasons.items()]
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


def _resumed(saved: Path, partial: Path, total: int, columns: Mapping[str, Column]) -> Done:
    """Return what an interrupted extraction left that can be used: nothing, where rows are lost."""
    nothing = Done(0, (), ())
    try:
        done = read_json(saved, Done)
        whole = all(
            (partial / f"{name}.npy").stat().st_size >= HEADER + len(done.rows) * column.row_bytes
            for name, column in columns.items()  # shorter files were cut by a power failure
        )
    except (StorageError, OSError):
        return nothing
    return done if whole and done.images <= total else nothing


class _Fitting:
    """Computes rows, in smaller batches once the device's memory is too small."""

    def __init__(self, forward: Forward, device: torch.device) -> None:
        self._forward, self._device = forward, device
        self._batch_size: int | None = None
        """None: whatever the loader gives."""
        self._too_large: int | None = None

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the rows of each column for images (B, 3, H, W)."""
        parts, done = [], 0
        while done < len(images):
            batch = images[done:][: self._batch_size]
            outputs = self._try(batch)
            if outputs is not None:
                parts.append(outputs)
                done += len(batch)
        return tuple(torch.cat(column) for column in zip(*parts, strict=True))

    def _try(self, images: Tensor) -> tuple[Tensor, ...] | None:
        """Return None where memory does not suffice; batches are half as large from then on."""
        try:
            outputs = self._forward(images)
        except torch.OutOfMemoryError:
            outputs = None  # the memory is freed below, when no traceback holds it any more
        if outputs is None:
            torch.cuda.empty_cache()
            if len(images) == 1:
                raise RequestError(
                    f"Not even one image of {images.shape[3]} x {images.shape[2]} pixels fits in "
                    f"the memory of {self._device}; free some of it, or set "
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
