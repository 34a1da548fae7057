"""An edit on an edit: a feature cache as it would be with an edited decision layer."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from msgspec import structs

from engine.editing.heads import Head
from engine.editing.store import read_edit, read_head
from engine.features.cache import FeatureCache, finish, is_finished
from engine.features.parts import in_parts
from engine.features.progress import partial_of
from engine.features.summarize import decided, explain
from engine.io.atomic import cannot_write
from engine.io.locks import wait_for
from engine.io.npy_stream import RowFile
from engine.schema.arrays import Array
from engine.schema.errors import EditError, StorageError
from engine.schema.records import Progress


def stacked_on(cache: FeatureCache, edit: str) -> Path:
    """Return where a feature cache lies with an edit's decision layer, given the edit's id."""
    return cache.directory.with_name(f"{cache.meta.key}+{edit}")


def fill_stacked(
    cache: FeatureCache, edit: Path, directory: Path, device: torch.device
) -> Iterator[Progress]:
    """Make sure `directory` is the feature cache with an edit's head; it borrows the features.

    Args:
        cache: With the checkpoint's own decision layer.
        edit: The edit's directory.
        directory: `stacked_on` of both.
        device: Where mistakes are explained.

    Raises:
        StorageError: The workspace cannot be written.
        EditError: The edit is damaged, or of another model.
    """
    if is_finished(directory):
        return
    head, _ = read_head(edit, cache.meta.width, len(cache.classes))
    lock = FileLock(directory.with_suffix(".lock"))
    try:
        yield from wait_for(lock)
        if is_finished(directory):
            return
        partial = partial_of(directory)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield from _decide(cache, head, partial)
        yield from _summarise(cache, head, partial, device)
        finish(partial, structs.replace(cache.meta, key=directory.name, on=edit.name))
        shutil.rmtree(directory, ignore_errors=True)  # it was never finished
        partial.rename(directory)
    except OSError as error:
        raise StorageError(cannot_write(directory, error)) from error
    finally:
        lock.release()


def _decide(cache: FeatureCache, head: Head, partial: Path) -> Iterator[Progress]:
    """Write the logits, a bounded part at a time."""
    total, done = len(cache.features), 0
    file = RowFile(partial / "logits.npy", len(cache.classes), cache.logits.dtype, 0)
    try:
        for _, features in in_parts(cache.features, np.arange(total), np.float32):
            file.append(torch.from_numpy(head.logits(features)))
            done += len(features)
            yield Progress(stage=f"deciding {cache.meta.split} anew", done=done, total=total)
    finally:
        file.close(total if done == total else None)


def _summarise(
    cache: FeatureCache, head: Head, partial: Path, device: torch.device
) -> Iterator[Progress]:
    """Write what else depends on the decision layer."""
    predicted = decided(np.load(partial / "logits.npy", mmap_mode="r"))
    mistakes = int((predicted != cache.own_labels).sum())
    yield Progress(stage="explaining mistakes", done=0, total=mistakes)
    weight, bias = torch.from_numpy(head.weight), torch.from_numpy(head.bias)
    arrays = {"weight": head.weight, "bias": head.bias, "predicted": predicted}
    arrays |= explain(cache.features, cache.own_labels, predicted, (weight, bias), device)
    for name, array in arrays.items():
        np.save(partial / f"{name}.npy", array)


def kept_back_by(edit: Path, cache: FeatureCache) -> Array:
    """Return the rows of the evaluation split that an edit held out.

    Raises:
        EditError: There are none: it reported on other images.
    """
    record = read_edit(edit)
    key, _, _ = record.provenance.get("reporting_cache", "").partition("+")
    _, rows = read_head(edit, cache.meta.width, len(cache.classes))
    if key != cache.meta.base or not np.isin(rows, np.arange(cache.meta.n)).all():
        raise EditError(
            f"{record.id} held out none of the images of {cache.meta.split} as they are now, so "
            "none is left to report on; give a --test-split, or make that edit again."
        )
    return rows
