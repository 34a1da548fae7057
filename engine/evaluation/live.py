"""Accuracies while features are still being extracted. No torch."""

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
    """Scores an extraction while it runs; each time it reads only the rows that are new.

    Args:
        directory: Where the feature cache will be.
        split: The images.
        half: Whether logits are stored as float16.
        aside: Places in the listing of the images that are set aside.
    """

    def __init__(
        self, directory: Path, split: Split, *, half: bool, aside: Array | None = None
    ) -> None:
        self._partial = partial_of(directory)
        self._split, self._dtype = split, np.float16 if half else np.float32
        self._labels = np.array([sample.label for sample in split.samples], dtype=np.int64)
        self._groups = np.array([sample.group for sample in split.samples], dtype=np.int64)
        if aside is not None:
            self._labels[aside] = self._groups[aside] = -1
        self._predicted = np.zeros(0, dtype=np.int64)

    def score(self) -> Classes:
        """Score the images whose rows are safe on disk."""
        split, skipped = self._split, self._split.skipped
        rows = np.zeros(0, dtype=np.int64)
        try:
            done = read_json(self._partial / PROGRESS, Done)
            self._predict(len(done.rows))
        except (StorageError, OSError):  # not begun, or finished by now
            predicted = rows
        else:
            predicted, skipped = self._predicted, skipped + done.skipped
            rows = np.array(done.rows[: len(predicted)], dtype=np.int64)
        groups = self._groups[rows] if split.groups else None
        images = Labelled(self._labels[rows], split.classes, groups, split.groups)
        return structs.replace(score_labelled(images, predicted, split.name), skipped=skipped)

    def _predict(self, rows: int) -> None:
        if rows < len(self._predicted):  # it was started over
            self._predicted = self._predicted[:0]
        width, start = len(self._split.classes), len(self._predicted)
        new: list[Array] = [
            part.argmax(axis=1)
            for part in read_rows(self._partial / "logits.npy", width, self._dtype, start, rows)
        ]
        self._predicted = np.concatenate([self._predicted, *new])
