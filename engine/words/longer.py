"""Longer words that say no more than a shorter one within them. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.schema.arrays import Array

NEARLY = 0.75
"""How much of a longer word's difference the shorter one must have."""


def without_longer(rows: Array, words: Sequence[str], difference: Array) -> list[int]:
    """Return the rows of words without those that hold another that says as much.

    `sea lion` holds `sea`: where both stand out nearly alike, it is for the sea.

    Args:
        rows: (s,) of the words that stand out, in any order, which is kept.
        words: All W of them.
        difference: (W,), by how much each stands out.
    """
    by_word = {words[row].lower(): row for row in rows.tolist()}

    def said(row: int) -> bool:
        parts = words[row].lower().replace("-", " ").split()
        held = [by_word[part] for part in parts if len(parts) > 1 and part in by_word]
        whole = float(difference[row])
        return any(difference[part] * np.sign(whole) >= NEARLY * abs(whole) for part in held)

    return [row for row in rows.tolist() if not said(row)]
