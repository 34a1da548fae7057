"""What describes a split's images where groups are made: its own features or CLIP's. No torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.clip.image_features import ClipFeatures, open_clip_features
from engine.features.cache import FeatureCache
from engine.features.parts import in_parts
from engine.schema.arrays import Array
from engine.schema.errors import ClipError, StorageError
from engine.schema.requests import Source

Space = Literal["clip", "features"]
FEATURES: Space = "features"
"""The classifier's own."""
CLIP: Space = "clip"
IN_SPACE: dict[str, str] = {
    FEATURES: "in the classifier's own features",
    CLIP: "in CLIP's image features",
}
TINY = 1e-6
"""Added to standard deviations; a neuron that never fires has none."""


@dataclass(frozen=True)
class Described:
    """A split's images as rows of an array; some may have none."""

    space: Space
    features: Array
    """(m, D), possibly memory-mapped."""
    rows: Array | None = None
    """(m,) sorted rows of the split's feature cache that have one; None: all, in order."""
    note: str = ""
    """Which images have one, where not all: one sentence without its full stop."""

    def having(self, rows: Array) -> Array:
        """Return those of some rows of the feature cache that have a description."""
        return rows if self.rows is None else rows[np.isin(rows, self.rows)]

    def parts(self, rows: Array) -> Iterator[tuple[Array, Array]]:
        """Yield rows and their descriptions (k, D), float64, a bounded part at a time.

        Args:
            rows: Of the feature cache; those without a description are left out.
        """
        there = self.having(rows)
        places = there if self.rows is None else np.searchsorted(self.rows, there)
        done = 0
        for part, features in in_parts(self.features, places):
            yield there[done : done + len(part)], features
            done += len(part)

    def at(self, rows: Array) -> Array:
        """Return the descriptions (k, D), float64, of rows of the feature cache that have one."""
        found = [features for _, features in self.parts(rows)]
        return np.concatenate(found) if found else np.zeros((0, self.features.shape[1]))

    def standard(self, rows: Array) -> tuple[Array, Array]:
        """Return the mean and the scale (D,) that descriptions are standardised by.

        A neuron's scale is its standard deviation over the rows, as neurons differ in theirs by
        orders of magnitude. CLIP's features have length 1 and one scale: their cosines count as
        they are.
        """
        there = self.having(rows)
        width = self.features.shape[1]
        if not len(there):
            return np.zeros(width), np.ones(width)
        total = sum(part.sum(axis=0) for _, part in self.parts(there))
        mean = np.asarray(total / len(there))
        if self.space == CLIP:
            return mean, np.ones(width)
        squares = sum(((part - mean) ** 2).sum(axis=0) for _, part in self.parts(there))
        return mean, np.sqrt(np.asarray(squares) / len(there)) + TINY


def by_features(cache: FeatureCache) -> Described:
    """Return a split's images by the classifier's own features."""
    return Described(FEATURES, cache.features)


def by_clip(clip: ClipFeatures) -> Described:
    """Return a split's images by CLIP's features; on a large split some have none."""
    return Described(CLIP, clip.features, None if clip.whole else clip.rows, clip.note)


def open_by_clip(home: Path, source: Source, cache: FeatureCache) -> Described | None:
    """Return a split's images by CLIP's features; None where the workspace names no CLIP.

    Args:
        home: The workspace.
        source: What it names.
        cache: Of the split.

    Raises:
        StorageError: They are missing or damaged.
    """
    if not source.has_clip:
        return None
    clip = open_clip_features(home, source, cache, whole=True)
    if clip is None:
        raise StorageError(
            f"The CLIP features of {cache.meta.split} went meanwhile; run the command again."
        )
    return by_clip(clip)


def without_clip(error: ClipError) -> ClipError:
    """Return an error of CLIP with how groups are found without it.

    They are not found without it unasked: `found` would then be other groups on another day.
    """
    return ClipError(
        f"{error} Groups are found with the CLIP that workspace.toml names; for groups without it, "
        "run `groups make NAME --space features` and give --group-by NAME."
    )
