"""Images and words in one CLIP's space, and the classifier's answers. No torch."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.schema.arrays import Array

ROWS_AT_ONCE = 4096
"""Bounds the memory."""


@dataclass(frozen=True, kw_only=True)
class WordSpace:
    """What words are looked for in: n images, W words, C classes; embeddings have length 1."""

    rows: Array
    """(n,), which rows of the split's feature cache the images are."""
    images: Array
    """(n, E)."""
    labels: Array
    """(n,)."""
    predicted: Array
    """(n,)."""
    classes: tuple[str, ...]
    class_texts: Array
    """(C, E): of the classes' names."""
    words: tuple[str, ...]
    texts: Array
    """(W, E)."""
    is_class: Array
    """(W,): whether a word is the name of a class, which is no cause."""
    reference: Array
    """(R, E): of words at random, which say what words do by luck."""

    def among(self, rows: Array) -> "WordSpace":
        """Return some of the images only, such as those that an edit may choose on.

        Args:
            rows: Of the split's feature cache; those without a CLIP feature count for nothing.
        """
        kept = np.flatnonzero(np.isin(self.rows, rows))
        return replace(
            self, rows=self.rows[kept], images=self.images[kept], labels=self.labels[kept],
            predicted=self.predicted[kept],
        )  # fmt: skip

    @cached_property
    def centre(self) -> Array:
        """(E,): the mean of all images."""
        parts = (
            np.asarray(self.images[start : start + ROWS_AT_ONCE], dtype=np.float64).sum(axis=0)
            for start in range(0, len(self.images), ROWS_AT_ONCE)
        )
        return np.asarray(sum(parts) / max(len(self.images), 1))

    def cosines(self, rows: Array) -> Array:
        """Return (m, W), float32: of some images and every word."""
        images = np.asarray(self.images[rows], dtype=np.float32)
        return images @ np.asarray(self.texts, dtype=np.float32).T
