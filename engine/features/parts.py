"""Rows of a memory-mapped array, a bounded part at a time. No torch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.schema.arrays import Array

ROWS_AT_ONCE = 8192


def in_parts(
    features: Array, rows: Array, dtype: Any = np.float64
) -> Iterator[tuple[Array, Array]]:
    """Yield rows and their features (m, D) of a type, at most 8,192 images at once.

    Args:
        features: (n, D), of a split.
        rows: (k,) of it, in any order.
        dtype: float64 for sums over images, float32 for what is decided image by image.
    """
    for at in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[at : at + ROWS_AT_ONCE]
        yield part, np.asarray(features[part], dtype=dtype)
