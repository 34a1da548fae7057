"""Heads fitted one by one, each kept on disk."""

import contextlib
import time
from collections.abc import Callable, Generator
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file

from engine.editing.heads import Head
from engine.models.checkpoint import write_state
from engine.schema.errors import StorageError
from engine.schema.records import Progress

Fitting = Generator[Progress, None, Head]


LEAST_SECONDS = 0.2
"""What takes less is sooner fitted again than kept."""


class Fits:
    """Fits heads one by one and keeps each that took long: after a kill none is made again.

    Args:
        directory: The edit's own, while it is under way.
        total: How many there will be.
        stage: What is said while they are fitted.
    """

    def __init__(self, directory: Path, total: int, stage: str = "fitting") -> None:
        self._directory, self._total, self._stage, self._done = directory, total, stage, 0

    def head(self, name: str, fit: Callable[[], Head]) -> Fitting:
        """Return the head of a name: from disk, or else fitted."""
        path = self._directory / f"{name}.safetensors"
        try:
            kept = load_file(path)
            head = Head(kept["weight"].copy(), kept["bias"].copy())
        except (OSError, SafetensorError, KeyError):
            begun = time.monotonic()
            head = fit()
            if time.monotonic() - begun >= LEAST_SECONDS:
                self._keep(path, head)
        self._done += 1
        yield Progress(stage=self._stage, done=self._done, total=self._total, unit="fits")
        return head

    def _keep(self, path: Path, head: Head) -> None:
        weight, bias = torch.from_numpy(head.weight), torch.from_numpy(head.bias)
        with contextlib.suppress(StorageError):  # a full disk costs no edit
            write_state(path, {"weight": weight, "bias": bias}, {"format": "np"})
