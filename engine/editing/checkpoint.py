"""An edit's training between two epochs, on disk, nothing of it pickled.

Batches are drawn from (seed, epoch), so that weights, moments and best heads are all that later
epochs depend on.
"""

import logging
import math
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import torch
from msgspec import Struct
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.editing.heads import Head
from engine.editing.losses import Best, Stack
from engine.io.atomic import decode_json
from engine.models.checkpoint import write_state
from engine.models.optimizer import optimizer_tensors, restore_optimizer
from engine.schema.edits import EditEpoch
from engine.schema.errors import StorageError

FILE = "training.safetensors"
LEAST_SECONDS = 1.0
"""Of work between two writes."""
WORK_PER_WRITE = 10
"""Nor less than so many times what the last write took."""


class Facts(Struct, frozen=True):
    """What of a moment is no tensor."""

    at_once: int
    """Seeds that train together, as far as the memory allows."""
    epoch: int = 0
    """Whole epochs of the seeds under way; 0: none are."""
    steps: int = 0
    stale: tuple[int, ...] = ()
    """One a head under way."""
    last: EditEpoch | None = None
    """What was told last; a kill may have come before anyone read it."""


@dataclass(frozen=True)
class Snapshot:
    """Training between two epochs."""

    facts: Facts
    best: tuple[Best, ...] = ()
    """Of the seeds that are through, then of those under way."""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """Of the seeds under way: their stack and its optimizer."""

    @property
    def through(self) -> tuple[Best, ...]:
        """The best heads of the seeds that are through."""
        return self.best[: len(self.best) - len(self.facts.stale)]

    def restore(self, stack: Stack, optimizer: torch.optim.Optimizer) -> None:
        """Put the seeds under way back into a fresh stack."""
        with torch.no_grad():
            stack.weight.copy_(self.tensors["stack/weight"])
            stack.bias.copy_(self.tensors["stack/bias"])
        stack.best[:] = self.best[len(self.through) :]
        stack.stale[:] = self.facts.stale
        restore_optimizer(optimizer, self.tensors)


def tensors_of(stack: Stack, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Copy what the next epoch changes, where it is: quicker than a step."""
    found = {"stack/weight": stack.weight, "stack/bias": stack.bias}
    found |= optimizer_tensors(optimizer)
    return {key: value.detach().clone() for key, value in found.items()}


class CheckpointWriter:
    """Brings moments to `directory`, seldom enough that training does not wait for the disk."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._due = time.monotonic() + LEAST_SECONDS
        self._moment: Snapshot | None = None

    def take(self, moment: Snapshot) -> None:
        """Remember a moment; write it where enough work was done since the last."""
        self._moment = moment
        if time.monotonic() >= self._due:
            self.write()

    def forget(self) -> None:
        """Let go of what was not written."""
        self._moment = None

    def write(self) -> None:
        """Write what was taken last, unless it is on disk; a full disk costs no edit."""
        if self._moment is None or self._due == math.inf:
            return
        began = time.monotonic()
        try:
            _write(self._path, self._moment)
        except StorageError as error:
            logging.getLogger(__name__).warning("progress is not kept: %s", error)
            self._due = math.inf
        else:
            now = time.monotonic()
            self._due = now + max(LEAST_SECONDS, WORK_PER_WRITE * (now - began))
        self._moment = None

    def read(self) -> Snapshot | None:
        """Return what was written last; None where that is nothing, or damaged."""
        try:
            with safe_open(self._path, "pt") as file:
                said = file.metadata() or {}
                # copied: results must not depend on where in a file a number lies
                tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
            scores, facts = decode_json(said["facts"], tuple[Scores, Facts])
            if said["check"] != _check(said["facts"], tensors):
                return None
            weights, biases = tensors.pop("best/weight").numpy(), tensors.pop("best/bias").numpy()
        except (OSError, SafetensorError, KeyError, msgspec.DecodeError):
            return None
        heads = [Head(w.copy(), b.copy()) for w, b in zip(weights, biases, strict=True)]
        return Snapshot(facts, tuple(zip(scores, heads, strict=True)), tensors)


Scores = tuple[tuple[float, float], ...]


def _write(path: Path, moment: Snapshot) -> None:
    heads = [head for _, head in moment.best]
    tensors = {key: value.cpu().contiguous() for key, value in moment.tensors.items()}
    tensors["best/weight"] = torch.from_numpy(np.stack([head.weight for head in heads]))
    tensors["best/bias"] = torch.from_numpy(np.stack([head.bias for head in heads]))
    scores = [score for score, _ in moment.best]
    facts = msgspec.json.encode((scores, moment.facts)).decode()
    write_state(path, tensors, {"facts": facts, "check": _check(facts, tensors)})


def _check(facts: str, tensors: Mapping[str, Tensor]) -> str:
    """Return a sum by which a file that lost a part to a power cut is known."""
    found = zlib.crc32(facts.encode())
    for key in sorted(tensors):
        found = zlib.crc32(tensors[key].reshape(-1).numpy().view(np.uint8).data, found)
    return f"{found:08x}"
