"""What every class's ranking needs: computed from the extracted rows, a part at a time."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.counterfactual.solver import nudge
from engine.data.splits import Split
from engine.features.cache import FORMAT, Meta, finish
from engine.features.progress import Done
from engine.io.atomic import write_json
from engine.models.classifier import Classifier
from engine.schema.errors import DataError
from engine.schema.records import Progress

STRONGEST = 32
VOTES = 5
ROWS_AT_ONCE = 4096


def summarise(
    classifier: Classifier, split: Split, partial: Path, done: Done, facts: dict[str, Any]
) -> Iterator[Progress]:
    """Write what every class's ranking needs, and the record that makes the cache whole.

    Args:
        classifier: Whose features they are.
        split: The images.
        partial: The unfinished feature cache, with features.npy and logits.npy.
        done: Which images have a row.
        facts: As of `engine.features.extract.fill_cache`.
    """
    samples = tuple(split.samples[i] for i in done.rows)
    weight = classifier.decision.weight.detach().float().cpu()
    bias = classifier.bias.float().cpu()
    features = np.load(partial / "features.npy", mmap_mode="r")
    logits = np.load(partial / "logits.npy", mmap_mode="r")
    labels = np.array([sample.label for sample in samples], dtype=np.int64)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(weight):
        raise DataError(
            f"{split.name} has labels outside of the {len(weight)} classes; run `init`."
        )
    predicted = decided(logits)
    yield Progress(stage="explaining mistakes", done=0, total=int((predicted != labels).sum()))
    arrays = {"weight": weight.numpy(), "bias": bias.numpy(), "predicted": predicted}
    arrays["mean"] = _mean(features)
    arrays |= _strongest(features)
    arrays |= explain(features, labels, predicted, (weight, bias), classifier.device)
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
        differs=done.differs,
        n=len(samples),
        width=classifier.width,
        has_bias=classifier.has_bias,
        input_size=classifier.input_size,
        weights=facts["weights"],
        versions={name: version(name) for name in ("torch", "timm", "numpy", "pillow")},
    )
    finish(partial, meta)


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(at, at + ROWS_AT_ONCE) for at in range(0, rows, ROWS_AT_ONCE))


def decided(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return (n,), the class of each row's largest logit."""
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


def explain(
    features: Any, labels: Any, predicted: Any, head: tuple[Tensor, Tensor], device: torch.device
) -> dict[str, Any]:
    """Return what a cache holds of every mistake: its row, votes, the counterfactual's steps.

    Args:
        features: (n, D).
        labels: (n,).
        predicted: (n,).
        head: The decision layer's weight (C, D) and bias (C,).
        device: Where counterfactuals are computed.
    """
    rows = np.flatnonzero(predicted != labels)
    ups, downs, steps, flipped = [], [], [], []
    for part in _chunks(len(rows)):
        mistaken = torch.from_numpy(np.asarray(features[rows[part]], dtype=np.float32)).to(device)
        wanted = torch.from_numpy(labels[rows[part]]).to(device)
        nudges = nudge(mistaken, wanted, head[0].to(device), head[1].to(device))
        up, down = votes(nudges.delta)
        ups.append(up.cpu().numpy())
        downs.append(down.cpu().numpy())
        steps.append(nudges.steps.cpu().numpy())
        flipped.append(nudges.flipped.cpu().numpy())
    none = np.zeros((0, VOTES), dtype=np.int64)
    return {
        "mistake_rows": rows,
        "insufficient": np.concatenate([none, *ups]),
        "excessive": np.concatenate([none, *downs]),
        "steps": np.concatenate([np.zeros(0, dtype=np.int64), *steps]),
        "flipped": np.concatenate([np.zeros(0, dtype=bool), *flipped]),
    }


def votes(delta: Tensor) -> tuple[Tensor, Tensor]:
    """Return the neurons each nudge (M, D) names: 5 most raised, 5 most lowered (-1: none)."""
    delta = F.pad(delta, (0, max(0, VOTES - delta.shape[1])))  # fewer than five neurons
    up, down = delta.topk(VOTES, dim=1), delta.topk(VOTES, dim=1, largest=False)
    return (
        torch.where(up.values > 0, up.indices, -1),
        torch.where(down.values < 0, down.indices, -1),
    )
