"""Longer words that say no more than a shorter one within them. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.schema.arrays import Array

NEARLY = 0.75
"""How much of a longer word's difference the shorter one must have."""
ENDING = 4
"""Letters of an ending that may be a word."""


def without_longer(rows: Array, words: Sequence[str], difference: Array) -> list[int]:
    """Return the rows of words without those that hold another that says as much.

    `sea lion` holds `sea`, and `grassland` ends with `land`: where both stand out nearly alike, the
    longer does so for the shorter.

    Args:
        rows: (s,) of the words that stand out, in any order, which is kept.
        words: All W of them.
        difference: (W,), by how much each stands out.
    """
    by_word = {words[row].casefold(): row for row in rows.tolist()}

    def said(row: int) -> bool:
        whole = float(difference[row])
        held = (by_word[part] for part in _within(words[row].casefold()) if part in by_word)
        return any(difference[part] * np.sign(whole) >= NEARLY * abs(whole) for part in held)

    return [row for row in rows.tolist() if not said(row)]


def _within(word: str) -> set[str]:
    """Return the words that a word of several holds, and the endings of one, of four letters."""
    parts = word.replace("-", " ").split()
    endings = {part[at:] for part in parts for at in range(1, len(part) - ENDING + 1)}
    return (endings | set(parts)) - {word}
