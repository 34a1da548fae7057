"""Training a classifier, or its head alone, as published, for any timm model and any data.

Source: docs/concepts.md, training.

A run is kept in train/<key>/ and resumes after its last finished epoch. Every random number depends
on (seed, epoch, image) only, so that an interrupted run gives the same result as any other.
"""

import logging
import math
import time
from collections.abc import Iterator, Sequence
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
from torch import nn

from engine.data.splits import Split
from engine.evaluation.scores import Labelled, outcome
from engine.io.atomic import cannot_write, file_digest, key_of, read_json, write_json
from engine.io.locks import wait_for
from engine.models.checkpoint import write_state
from engine.models.classifier import Classifier
from engine.models.facts import metadata
from engine.schema.bounds import check_bounds
from engine.schema.errors import DataError, RequestError, StorageError
from engine.schema.protocol import TrainJob
from engine.schema.records import Outcome
from engine.schema.requests import TrainRequest
from engine.schema.training import Trained, TrainEpoch
from engine.training.batches import autocast, batches
from engine.training.state import State, restore, tensors_of, write_metrics


@dataclass
class Run:
    """A model in training.

    Args:
        classifier: The model, on its device.
        request: How to train it.
        directory: Where the run is kept.
        optimizer: Over all its parameters.
        scheduler: timm's, stepped once an epoch; None for a constant learning rate.
        state: How far the run is.
    """

    classifier: Classifier
    request: TrainRequest
    directory: Path
    optimizer: torch.optim.Optimizer
    scheduler: Any
    facts: dict[str, str]
    """What its checkpoints say of classes and transform."""
    state: State = field(default_factory=lambda: State(0, -math.inf, 0, 0, ()))

    @property
    def body(self) -> nn.Module:
        """The whole model."""
        return self.classifier.body


def run_key(request: TrainRequest, splits: tuple[Split, Split], model: str) -> str:
    """Return a short hash of everything that a run's result depends on.

    Args:
        request: How to train.
        splits: The training and the evaluation split.
        model: The architecture and its transform.
    """
    listed = [
        (split.samples, split.folders, split.groups, split.exif, split.background)
        for split in splits
    ]
    init = None
    if request.init is not None and Path(request.init).is_file():  # if missing, loading it raises
        init = file_digest(Path(request.init))
    asked = msgspec.to_builtins(request)
    if request.part == "whole":  # as before there was a part, so that such a run still goes on
        del asked["part"]
    return key_of((asked, init, listed, model, version("torch")), 12)


def train(
    classifier: Classifier, splits: tuple[Split, Split], request: TrainRequest, directory: Path
) -> TrainJob:
    """Train on the first split and select the best epoch on the second.

    Yields a record an epoch; the last record is `Trained`. For a finished run that is the only one;
    a second process with the same request waits for the first.

    Raises:
        RequestError: A number is out of range, there are no groups to select by, a batch does not
            fit into memory, or the loss is no longer finite.
        DataError: No image of a split can be decoded.
        StorageError: The workspace cannot be written.
    """
    _check(request, splits[1])
    lock = FileLock(directory.with_suffix(".lock"))
    try:
        directory.mkdir(parents=True, exist_ok=True)
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
    run = _start(classifier, splits[1].folders, request, directory)
    while run.state.epoch < request.epochs and run.state.stale < (request.patience or math.inf):
        yield _checked_epoch(run, splits)
    trained = Trained(
        checkpoint=str(directory / "best.safetensors"),
        best_epoch=run.state.best_epoch,
        best=run.state.history[run.state.best_epoch - 1],
        epochs=run.state.epoch,
        request=msgspec.to_builtins(request),
        provenance={name: version(name) for name in ("neuroinspect-tui", "torch", "timm")},
    )
    write_json(result, trained)
    for path in directory.glob("epoch-*.safetensors"):
        path.unlink()
    yield trained


def _check(request: TrainRequest, evaluation: Split) -> None:
    check_bounds(request)
    if request.select == "worst-group" and not evaluation.groups:
        raise RequestError("--select worst-group needs groups; these data have none.")


def _start(
    classifier: Classifier, classes: Sequence[str], request: TrainRequest, directory: Path
) -> Run:
    classifier.body.requires_grad_(request.part == "whole")
    for module in classifier.head.modules:
        module.requires_grad_(True)
    optimizer = create_optimizer_v2(
        classifier.body, opt=request.optimizer, lr=request.lr, weight_decay=request.weight_decay
    )
    scheduler = None
    if request.schedule == "cosine":
        scheduler, _ = create_scheduler_v2(
            optimizer, sched="cosine", num_epochs=request.epochs, min_lr=request.min_lr
        )
    facts = {"format": "pt"} | metadata(classes, classifier.resolved(), classifier.model_args)
    run = Run(classifier, request, directory, optimizer, scheduler, facts)
    if (directory / "state.json").exists():
        try:
            state = read_json(directory / "state.json", State)
            tensors = load_file(directory / f"epoch-{state.epoch}.safetensors")
        except (StorageError, OSError, SafetensorError) as error:
            logging.getLogger(__name__).warning(
                "restarting the run: %s is damaged: %s", directory, error
            )
        else:
            restore(run.body, run.optimizer, tensors)
            run.state = state
    return run


def _checked_epoch(run: Run, splits: tuple[Split, Split]) -> TrainEpoch:
    """Train an epoch; too large a batch is an error, as a smaller one would change the result."""
    try:
        return _epoch(run, splits)
    except torch.OutOfMemoryError:
        pass  # leave the handler first: the traceback holds the tensors
    run.optimizer.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    raise RequestError(
        f"Batches of {run.request.batch_size} images do not fit in the memory of "
        f"{run.classifier.device}; give a smaller --batch-size, or free memory on the device."
    )


def _epoch(run: Run, splits: tuple[Split, Split]) -> TrainEpoch:
    request, epoch = run.request, run.state.epoch + 1
    if run.scheduler is not None:
        run.scheduler.step(epoch - 1)
    torch.manual_seed((request.seed * 1_000_003 + epoch) % 2**63)
    started = time.monotonic()
    loss, accuracy, images = _train_epoch(run, splits[0], epoch)
    speed = images / (time.monotonic() - started)
    evaluation = _evaluate(run, splits[1])
    seconds = time.monotonic() - started
    record = TrainEpoch(
        epoch=epoch,
        epochs=request.epochs,
        lr=float(run.optimizer.param_groups[0]["lr"]),
        loss=loss,
        train_accuracy=accuracy,
        evaluation=evaluation,
        images_per_second=speed,
        seconds_left=seconds * (request.epochs - epoch),
    )
    _save(run, record)
    return record


def _train_epoch(run: Run, split: Split, epoch: int) -> tuple[float, float, int]:
    """Train on every image once; return the mean loss, the accuracy and the number of images."""
    device = run.classifier.device
    order = np.random.default_rng((run.request.seed, epoch)).permutation(len(split.samples))
    labels_of = torch.tensor([sample.label for sample in split.samples])
    view = epoch if run.request.augment else 0
    total = torch.zeros(2, device=device, dtype=torch.float64)
    count = 0
    run.body.train(run.request.part == "whole")  # a head alone: BatchNorm keeps its statistics
    for images, rows in batches(run.classifier, split, order.tolist(), view, run.request):
        if len(rows) < 2:  # BatchNorm needs two images for a variance
            continue
        labels = labels_of[rows].to(device)
        with autocast(device):
            logits = run.body(images)
        loss = nn.functional.cross_entropy(logits.float(), labels)
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        run.optimizer.step()
        correct = (logits.argmax(dim=1) == labels).sum()
        total += torch.stack([loss.detach() * len(labels), correct]).to(total)
        count += len(labels)
    run.body.eval()
    if count == 0:
        raise DataError(f"Not two images of {split.name} in {split.root} can be decoded.")
    mean_loss = float(total[0]) / count
    if not math.isfinite(mean_loss):
        raise RequestError(f"The loss is {mean_loss} in epoch {epoch}; give a smaller --lr.")
    return mean_loss, float(total[1]) / count, count


@torch.inference_mode()
def _evaluate(run: Run, split: Split) -> Outcome:
    """Return the accuracies on a split."""
    evaluated, predicted = [], []
    every_row = range(len(split.samples))
    for images, rows in batches(run.classifier, split, every_row, 0, run.request):
        with autocast(run.classifier.device):
            predicted.append(run.body(images).argmax(dim=1).cpu())
        evaluated.append(rows)
    if not evaluated:
        raise DataError(f"Not one image of {split.name} in {split.root} can be decoded.")
    samples = [split.samples[row] for row in torch.cat(evaluated)]
    labels = np.array([sample.label for sample in samples])
    groups = np.array([sample.group for sample in samples]) if split.groups else None
    images_of = Labelled(labels, split.classes, groups, split.groups)
    return outcome(images_of, torch.cat(predicted).numpy() == labels, ())


def _save(run: Run, record: TrainEpoch) -> None:
    """Write an epoch to disk: its weights first, then the state that refers to them."""
    evaluation = record.evaluation
    score = {
        "accuracy": evaluation.overall,
        "worst-class": evaluation.worst_class,
        "worst-group": evaluation.worst_group,
    }[run.request.select]
    assert score is not None  # checked before the first epoch
    old, better = run.state, score > run.state.best
    if better:
        write_state(run.directory / "best.safetensors", run.body.state_dict(), run.facts)
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
