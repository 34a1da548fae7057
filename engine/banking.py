"""One pass over a split: images -> bank, streamed, resumable, safe beside other processes."""

import os
import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from msgspec import Struct
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from engine.augment import augmented_view
from engine.bank import FORMAT, Meta
from engine.counterfactual import nudge
from engine.data import Sample, Split, decode
from engine.errors import BankError, DataError
from engine.files import cannot_write, read_json, write_json
from engine.model import Classifier, Transform
from engine.protocol import BankJob
from engine.records import Progress, Skipped
from engine.requests import BankRequest

STRONGEST = 32
VOTES = 5
ROWS_AT_ONCE = 4096
COMMIT_EVERY = 8  # batches between two safe points
HEADER = 128  # bytes kept free before the rows for .npy's header

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


class Done(Struct, frozen=True):
    """progress.json: what of an interrupted pass is safe on disk."""

    images: int
    rows: tuple[int, ...]
    skipped: tuple[Skipped, ...]


class RowFile:
    """Rows appended to what will be a .npy file; its header is written last."""

    def __init__(self, path: Path, width: int, dtype: Any, rows: int) -> None:
        self._dtype, self._width = np.dtype(dtype), width
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(HEADER + rows * width * self._dtype.itemsize)
        self._file.seek(0, os.SEEK_END)

    def append(self, rows: Tensor) -> None:
        """Append (B, width)."""
        array = rows.float().cpu().numpy().astype(self._dtype, copy=False)
        self._file.write(np.ascontiguousarray(array).tobytes())

    def flush(self) -> None:
        """Bring everything appended to the disk."""
        self._file.flush()

    def close(self, rows: int | None = None) -> None:
        """Close; with `rows`, as a finished .npy of so many rows."""
        if rows is not None:
            header = {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (rows, self._width),
            }
            text = repr(header).encode("latin1")
            prefix = b"\x93NUMPY\x01\x00"
            room = HEADER - len(prefix) - 2
            self._file.seek(0)
            self._file.write(prefix + room.to_bytes(2, "little"))
            self._file.write(text.ljust(room - 1) + b"\n")
        self._file.close()


def fill_bank(
    classifier: Classifier,
    split: Split,
    directory: Path,
    request: BankRequest,
    facts: dict[str, Any],
) -> BankJob:
    """Make sure `directory` is a finished bank of `split`.

    Memory is bounded by the batch, not by the data: rows go to disk as they come. A pass that
    was interrupted goes on after its last safe point; a second process waits for the first.

    Raises:
        BankError: The workspace cannot be written.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(directory.with_suffix(".lock"))
        yield from _wait_for(lock)
    except OSError as error:
        raise BankError(cannot_write(directory, error)) from error
    try:
        if (directory / "meta.json").is_file():
            return
        partial = directory.with_suffix(".partial")
        partial.mkdir(exist_ok=True, mode=0o700)
        done = yield from _pass(classifier, split, partial, request, facts)
        yield from summarise(classifier, split, partial, done, facts)
        if directory.exists():
            shutil.rmtree(directory)  # no meta.json: never finished
        partial.rename(directory)
    except OSError as error:
        raise BankError(cannot_write(directory, error)) from error
    finally:
        lock.release()


def _wait_for(lock: FileLock) -> Iterator[Progress]:
    while True:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            yield Progress(stage="waiting for another process", done=0, total=0, unit="")
        else:
            return


def _pass(
    classifier: Classifier,
    split: Split,
    partial: Path,
    request: BankRequest,
    facts: dict[str, Any],
) -> Generator[Progress, None, Done]:
    saved = partial / "progress.json"
    done = _resumed(saved, partial, split)
    dtype = np.float16 if facts["half"] else np.float32
    kept, skipped = list(done.rows), list(done.skipped)
    outputs = classifier.decision.out_features
    files = (
        RowFile(partial / "features.npy", classifier.width, dtype, len(kept)),
        RowFile(partial / "logits.npy", outputs, dtype, len(kept)),
    )
    total = len(split.samples)
    stage = f"reading {split.name}"
    yield Progress(stage=stage, done=done.images, total=total)
    seen = done.images
    try:
        batches = loader(classifier, split, seen, request, facts["seed"])
        for number, (indices, images, reasons) in enumerate(batches):
            if len(images):
                for file, rows in zip(files, _forward(classifier, images), strict=True):
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
        for file in files:
            file.close(len(kept) if seen == total else None)
    finished = Done(seen, tuple(kept), tuple(skipped))
    write_json(saved, finished)
    return finished


def _resumed(saved: Path, partial: Path, split: Split) -> Done:
    fresh = Done(0, (), ())
    try:
        done = read_json(saved, Done)
        sizes = [(partial / f"{name}.npy").stat().st_size for name in ("features", "logits")]
    except (BankError, OSError):
        return fresh
    whole = done.images <= len(split.samples) and min(sizes) >= HEADER
    return done if whole else fresh


def loader(
    classifier: Classifier, split: Split, start: int, request: BankRequest, seed: int
) -> "DataLoader[Any]":
    """Return batches of (indices, pixels (B, 3, H, W), reasons) from image `start` on."""
    images = Images(Path(split.root), split.samples, classifier.transform(), request.view, seed)
    cuda = classifier.device.type == "cuda"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4
    workers = (
        request.workers if request.workers >= 0 else min(16 if cuda else max(cores - 1, 1), cores)
    )
    return DataLoader(
        images,
        batch_size=request.batch_size or (256 if cuda else 32),
        sampler=range(start, len(images)),
        num_workers=workers if len(images) - start > 64 else 0,
        collate_fn=_collate,
        pin_memory=cuda,
    )


def _collate(items: list[Item]) -> tuple[list[int], Tensor, dict[int, str]]:
    good = [value for _, value in items if isinstance(value, Tensor)]
    reasons = {index: value for index, value in items if isinstance(value, str)}
    return [i for i, _ in items], torch.stack(good) if good else torch.empty(0), reasons


@torch.inference_mode()
def _forward(classifier: Classifier, images: Tensor) -> tuple[Tensor, Tensor]:
    device = classifier.device
    images = images.to(device, non_blocking=True, memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.float16, enabled=device.type == "cuda"):
        features = classifier.features(images)
    features = features.float()
    return features, classifier.decision(features)


def summarise(
    classifier: Classifier, split: Split, partial: Path, done: Done, facts: dict[str, Any]
) -> Iterator[Progress]:
    """Write what every class's ranking needs: a last, streamed look at the rows just written."""
    samples = tuple(split.samples[i] for i in done.rows)
    weight = classifier.decision.weight.detach().float().cpu()
    bias = classifier.bias.float().cpu()
    features = np.load(partial / "features.npy", mmap_mode="r")
    logits = np.load(partial / "logits.npy", mmap_mode="r")
    labels = np.array([sample.label for sample in samples], dtype=np.int64)
    predicted = _argmax(logits)
    yield Progress(stage="explaining mistakes", done=0, total=int((predicted != labels).sum()))
    arrays = {"weight": weight.numpy(), "bias": bias.numpy(), "predicted": predicted}
    arrays["mean"] = _mean(features)
    arrays |= _strongest(features)
    arrays |= _explain(features, labels, predicted, (weight, bias), classifier.device)
    for name, array in arrays.items():
        np.save(partial / f"{name}.npy", array)
    write_json(partial / "samples.json", samples)
    meta = Meta(
        format=FORMAT,
        key=facts["key"],
        split=split.name,
        view=facts["view"],
        folders=split.folders,
        groups=split.groups,
        skipped=split.skipped + done.skipped,
        n=len(samples),
        width=classifier.width,
        has_bias=classifier.has_bias,
        input_size=classifier.input_size,
        weights=facts["weights"],
        versions={name: version(name) for name in ("torch", "timm", "numpy", "pillow")},
    )
    (partial / "progress.json").unlink(missing_ok=True)
    write_json(partial / "meta.json", meta)


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(at, at + ROWS_AT_ONCE) for at in range(0, rows, ROWS_AT_ONCE))


def _argmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    parts = [logits[part].argmax(axis=1) for part in _chunks(len(logits))]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _mean(features: Any) -> Any:
    total = np.zeros(features.shape[1])
    for part in _chunks(len(features)):
        total += np.asarray(features[part], dtype=np.float64).sum(axis=0)
    return total / max(len(features), 1)


def _strongest(features: Any) -> dict[str, Any]:
    rows = np.zeros((0, features.shape[1]), dtype=np.int64)
    values = np.zeros((0, features.shape[1]), dtype=np.float32)
    for part in _chunks(len(features)):
        chunk = np.asarray(features[part], dtype=np.float32)
        numbers = np.broadcast_to(
            np.arange(part.start, part.start + len(chunk))[:, None], chunk.shape
        )
        rows, values = np.concatenate([rows, numbers]), np.concatenate([values, chunk])
        order = np.argsort(-values, axis=0, kind="stable")[:STRONGEST]
        rows, values = np.take_along_axis(rows, order, 0), np.take_along_axis(values, order, 0)
    return {"strongest_rows": rows.T.copy(), "strongest_values": values.T.copy()}  # (D, 32)


def _explain(
    features: Any, labels: Any, predicted: Any, head: tuple[Tensor, Tensor], device: torch.device
) -> dict[str, Any]:
    rows = np.flatnonzero(predicted != labels)
    ups, downs, steps, mended = [], [], [], []
    for part in _chunks(len(rows)):
        some = torch.from_numpy(np.asarray(features[rows[part]], dtype=np.float32)).to(device)
        wanted = torch.from_numpy(labels[rows[part]]).to(device)
        nudges = nudge(some, wanted, head[0].to(device), head[1].to(device))
        up, down = votes(nudges.delta)
        ups.append(up.cpu().numpy())
        downs.append(down.cpu().numpy())
        steps.append(nudges.steps.cpu().numpy())
        mended.append(nudges.mended.cpu().numpy())
    none = np.zeros((0, VOTES), dtype=np.int64)
    return {
        "mistake_rows": rows,
        "lacks": np.concatenate([none, *ups]),
        "has_too_much": np.concatenate([none, *downs]),
        "steps": np.concatenate([np.zeros(0, dtype=np.int64), *steps]),
        "mended": np.concatenate([np.zeros(0, dtype=bool), *mended]),
    }


def votes(delta: Tensor) -> tuple[Tensor, Tensor]:
    """Return the neurons each nudge (M, D) names: 5 most raised, 5 most lowered (-1: none)."""
    delta = F.pad(delta, (0, max(0, VOTES - delta.shape[1])))  # fewer than five neurons
    up, down = delta.topk(VOTES, dim=1), delta.topk(VOTES, dim=1, largest=False)
    return (
        torch.where(up.values > 0, up.indices, -1),
        torch.where(down.values < 0, down.indices, -1),
    )
