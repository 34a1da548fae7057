"""An unfinished pass over a split, scored as far as it is. No torch."""

from pathlib import Path

import numpy as np
from msgspec import structs

from engine.data.splits import Split
from engine.evaluation.scores import Labelled, score_labelled
from engine.features.progress import PROGRESS, Done, partial_of
from engine.io.atomic import read_json
from engine.io.npy_stream import read_rows
from engine.schema.arrays import Array
from engine.schema.errors import StorageError
from engine.schema.records import Classes


class SoFar:
    """Scores a pass while it runs; asked again, it looks only at the images that are new.

    Args:
        directory: Where the feature cache will be.
        split: What is read.
        half: Whether logits are kept as float16.
    """

    def __init__(self, directory: Path, split: Split, *, half: bool) -> None:
        self._partial = partial_of(directory)
        self._split, self._dtype = split, np.float16 if half else np.float32
        self._labels = np.array([sample.label for sample in split.samples], dtype=np.int64)
        self._groups = np.array([sample.group for sample in split.samples], dtype=np.int64)
        self._predicted = np.zeros(0, dtype=np.int64)

    def score(self) -> Classes:
        """Score the images that are safe on disk: none before the first safe point."""
        split, skipped = self._split, self._split.skipped
        rows = np.zeros(0, dtype=np.int64)
        try:
            done = read_json(self._partial / PROGRESS, Done)
            self._look(len(done.rows))
        except (StorageError, OSError):  # not begun, or whole by now
            predicted = rows
        else:
            predicted, skipped = self._predicted, skipped + done.skipped
            rows = np.array(done.rows[: len(predicted)], dtype=np.int64)
        groups = self._groups[rows] if split.groups else None
        images = Labelled(self._labels[rows], split.classes, groups, split.groups)
        return structs.replace(score_labelled(images, predicted, split.name), skipped=skipped)

    def _look(self, rows: int) -> None:
        if rows < len(self._predicted):  # begun anew
            self._predicted = self._predicted[:0]
        width, start = len(self._split.classes), len(self._predicted)
        seen: list[Array] = [
            part.argmax(axis=1)
            for part in read_rows(self._partial / "logits.npy", width, self._dtype, start, rows)
        ]
        self._predicted = np.concatenate([self._predicted, *seen])
