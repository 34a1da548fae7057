"""Images and words in one CLIP's space, and the classifier's answers. No torch."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.schema.arrays import Array


@dataclass(frozen=True, kw_only=True)
class WordSpace:
    """What words are looked for in: n images, W words, C classes; embeddings have length 1."""

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

    def at(self, rows: Array) -> "WordSpace":
        """Return some of the images only, such as those that an edit may choose on."""
        return replace(
            self, images=self.images[rows], labels=self.labels[rows], predicted=self.predicted[rows]
        )

    @cached_property
    def centre(self) -> Array:
        """(E,): the mean of all images."""
        return np.asarray(self.images, dtype=np.float32).mean(axis=0, dtype=np.float64)

    def cosines(self, rows: Array) -> Array:
        """Return (m, W), float32: of some images and every word."""
        images = np.asarray(self.images[rows], dtype=np.float32)
        return images @ np.asarray(self.texts, dtype=np.float32).T
