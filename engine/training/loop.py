"""Training a whole classifier, as the published script does, for any timm model and any data.

A run lives in train/<key>/ and is resumed after its last whole epoch: every random draw comes from
(seed, epoch, image), so that a run that was killed ends as one that was not.
"""

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from torch import Tensor, nn

from engine.data.loader import Images, deaf, workers_for
from engine.data.splits import Split
from engine.evaluation.scores import Labelled, outcome
from engine.io.atomic import cannot_write, file_digest, key_of, read_json, write_json
from engine.io.locks import wait_for
from engine.models.checkpoint import write_state
from engine.models.classifier import Classifier
from engine.schema.errors import DataError, RequestError, StorageError
from engine.schema.protocol import TrainJob
from engine.schema.records import Outcome
from engine.schema.requests import TrainRequest
from engine.schema.training import Trained, TrainEpoch
from engine.training.state import State, restore, tensors_of, write_metrics


@dataclass
class Run:
    """A model in training."""

    classifier: Classifier
    request: TrainRequest
    directory: Path
    optimizer: torch.optim.Optimizer
    scheduler: Any
    state: State = field(default_factory=lambda: State(0, -math.inf, 0, 0, ()))

    @property
    def body(self) -> nn.Module:
        """The whole model."""
        return self.classifier.body


def run_key(request: TrainRequest, splits: tuple[Split, Split], model: str) -> str:
    """Return what a run's result depends on, as a short hash."""
    listed = [(split.samples, split.folders, split.groups) for split in splits]
    init = None
    if request.init is not None and Path(request.init).is_file():  # else loading it says so
        init = file_digest(Path(request.init))
    return key_of((request, init, listed, model, version("torch")), 12)


def train(
    classifier: Classifier, splits: tuple[Split, Split], request: TrainRequest, directory: Path
) -> TrainJob:
    """Train on the first split, choose the best epoch on the second.

    Yields an epoch at a time; the last record is `Trained`. A finished run answers at once; a
    second process that asks for the same waits for the first.

    Raises:
        RequestError: Numbers that make no sense, no groups to choose by, or too large a batch.
        StorageError: The workspace cannot be written.
    """
    _check(request, splits[1])
    lock = FileLock(directory.with_suffix(".lock"))
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield from wait_for(lock)
    except OSError as error:
        raise StorageError(cannot_write(directory, error)) from error
    try:
        yield from _train(classifier, splits, request, directory)
    finally:
        lock.release()


def _train(
    classifier: Classifier, splits: tuple[Split, Split], request: TrainRequest, directory: Path
) -> Iterator[TrainEpoch | Trained]:
    result = directory / "result.json"
    if result.is_file():
        yield read_json(result, Trained)
        return
    run = _start(classifier, request, directory)
    while run.state.epoch < request.epochs and run.state.stale < (request.patience or math.inf):
        yield _fitting_epoch(run, splits)
    found = Trained(
        checkpoint=str(directory / "best.safetensors"),
        best_epoch=run.state.best_epoch,
        best=run.state.history[run.state.best_epoch - 1],
        epochs=run.state.epoch,
        request=msgspec.to_builtins(request),
        provenance={name: version(name) for name in ("neuroinspect-tui", "torch", "timm")},
    )
    write_json(result, found)
    for path in directory.glob("epoch-*.safetensors"):
        path.unlink()
    yield found


def _check(request: TrainRequest, evaluation: Split) -> None:
    bounds = {
        "epochs": (request.epochs, 1, 100_000),
        "lr": (request.lr, 1e-9, 100),
        "min-lr": (request.min_lr, 0, 100),
        "weight-decay": (request.weight_decay, 0, 100),
        "batch-size": (request.batch_size, 2, 1_000_000),
    }
    for name, (value, least, most) in bounds.items():
        if not least <= value <= most:  # NaN compares false
            raise RequestError(f"--{name} {value} is out of range; give {least:g} to {most:g}.")
    if request.select == "worst-group" and not evaluation.groups:
        raise RequestError("--select worst-group needs groups; these data have none.")


def _start(classifier: Classifier, request: TrainRequest, directory: Path) -> Run:
    classifier.body.requires_grad_(True)
    optimizer = create_optimizer_v2(
        classifier.body, opt=request.optimizer, lr=request.lr, weight_decay=request.weight_decay
    )
    scheduler = None
    if request.schedule == "cosine":
        scheduler, _ = create_scheduler_v2(
            optimizer, sched="cosine", num_epochs=request.epochs, min_lr=request.min_lr
        )
    run = Run(classifier, request, directory, optimizer, scheduler)
    if (directory / "state.json").exists():
        try:
            state = read_json(directory / "state.json", State)
            kept = load_file(directory / f"epoch-{state.epoch}.safetensors")
        except (StorageError, OSError, SafetensorError) as error:
            logging.getLogger(__name__).warning(
                "beginning anew: %s is damaged: %s", directory, error
            )
        else:
            restore(run.body, run.optimizer, kept)
            run.state = state
    return run


def _fitting_epoch(run: Run, splits: tuple[Split, Split]) -> TrainEpoch:
    """Train an epoch; a batch too large is not halved, for that would be another result."""
    try:
        return _epoch(run, splits)
    except torch.OutOfMemoryError:
        pass  # first the traceback must go: it holds the tensors
    run.optimizer.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    raise RequestError(
        f"Batches of {run.request.batch_size} images do not fit in the memory of "
        f"{run.classifier.device}; give a smaller --batch-size, or free some of that memory."
    )


def _epoch(run: Run, splits: tuple[Split, Split]) -> TrainEpoch:
    request, epoch = run.request, run.state.epoch + 1
    if run.scheduler is not None:
        run.scheduler.step(epoch - 1)
    torch.manual_seed((request.seed * 1_000_003 + epoch) % 2**63)
    began = time.monotonic()
    loss, accuracy, images = _learn(run, splits[0], epoch)
    speed = images / (time.monotonic() - began)
    found = _look(run, splits[1])
    seconds = time.monotonic() - began
    record = TrainEpoch(
        epoch=epoch,
        epochs=request.epochs,
        lr=float(run.optimizer.param_groups[0]["lr"]),
        loss=loss,
        train_accuracy=accuracy,
        evaluation=found,
        images_per_second=speed,
        seconds_left=seconds * (request.epochs - epoch),
    )
    _commit(run, record)
    return record


def _learn(run: Run, split: Split, epoch: int) -> tuple[float, float, int]:
    """One pass over the training split; return mean loss, accuracy and images seen."""
    device = run.classifier.device
    order = np.random.default_rng((run.request.seed, epoch)).permutation(len(split.samples))
    view = epoch if run.request.augment else 0
    total = torch.zeros(2, device=device, dtype=torch.float64)
    seen = 0
    run.body.train()
    for images, labels in _batches(run, split, order.tolist(), view):
        if len(labels) < 2:  # BatchNorm has no variance of one image
            continue
        with _autocast(device):
            logits = run.body(images)
        loss = nn.functional.cross_entropy(logits.float(), labels)
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        run.optimizer.step()
        right = (logits.argmax(dim=1) == labels).sum()
        total += torch.stack([loss.detach() * len(labels), right]).to(total)
        seen += len(labels)
    run.body.eval()
    if seen == 0:
        raise DataError(f"Not two images of {split.name} in {split.root} can be decoded.")
    mean_loss = float(total[0]) / seen
    if not math.isfinite(mean_loss):
        raise RequestError(f"The loss is {mean_loss} in epoch {epoch}; give a smaller --lr.")
    return mean_loss, float(total[1]) / seen, seen


@torch.inference_mode()
def _look(run: Run, split: Split) -> Outcome:
    """Score the evaluation split."""
    rows, predicted = [], []
    everyone = list(range(len(split.samples)))
    labelled: Any = _batches(run, split, everyone, 0, with_rows=True)
    for images, indices in labelled:
        with _autocast(run.classifier.device):
            predicted.append(run.body(images).argmax(dim=1).cpu())
        rows.append(indices)
    if not rows:
        raise DataError(f"Not one image of {split.name} in {split.root} can be decoded.")
    kept = torch.cat(rows).numpy()
    labels = np.array([split.samples[row].label for row in kept])
    groups = np.array([split.samples[row].group for row in kept]) if split.groups else None
    some = Labelled(labels, split.classes, groups, split.groups)
    return outcome(some, torch.cat(predicted).numpy() == labels, ())


def _autocast(device: torch.device) -> torch.autocast:
    useful = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=useful)


def _batches(
    run: Run, split: Split, order: list[int], view: int, *, with_rows: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield images (B, 3, H, W) and labels, or rows, (B,); what cannot be decoded is left out."""
    classifier = run.classifier
    images = Images(Path(split.root), split.samples, classifier.transform(), view, run.request.seed)
    loader = torch.utils.data.DataLoader(
        images,
        batch_size=run.request.batch_size,
        sampler=order,
        num_workers=workers_for(classifier.device, run.request.workers, len(order)),
        collate_fn=_collate,
        worker_init_fn=deaf,
        pin_memory=classifier.device.type == "cuda",
    )
    labels = torch.tensor([sample.label for sample in split.samples])
    for rows, pixels in loader:
        if len(rows):
            wanted = rows if with_rows else labels[rows].to(classifier.device)
            yield (
                pixels.to(classifier.device, memory_format=torch.channels_last, non_blocking=True),
                wanted,
            )


def _collate(items: list[tuple[int, Tensor | str]]) -> tuple[Tensor, Tensor]:
    good = [(row, pixels) for row, pixels in items if isinstance(pixels, Tensor)]
    pixels = torch.stack([some for _, some in good]) if good else torch.empty(0)
    return torch.tensor([row for row, _ in good], dtype=torch.long), pixels


def _commit(run: Run, record: TrainEpoch) -> None:
    """Bring an epoch to the disk: weights first, then the word that they count."""
    found = record.evaluation
    score = {
        "accuracy": found.overall,
        "worst-class": found.worst_class,
        "worst-group": found.worst_group,
    }[run.request.select]
    assert score is not None  # checked before the first epoch
    old, better = run.state, score > run.state.best
    if better:
        write_state(run.directory / "best.safetensors", run.body.state_dict(), {"format": "pt"})
    path = run.directory / f"epoch-{record.epoch}.safetensors"
    write_state(path, tensors_of(run.body, run.optimizer), {"format": "pt"})
    run.state = State(
        epoch=record.epoch,
        best=score if better else old.best,
        best_epoch=record.epoch if better else old.best_epoch,
        stale=0 if better else old.stale + 1,
        history=(*old.history, record),
    )
    write_json(run.directory / "state.json", run.state)
    write_metrics(run.directory / "metrics.csv", run.state.history)
    (run.directory / f"epoch-{old.epoch}.safetensors").unlink(missing_ok=True)
