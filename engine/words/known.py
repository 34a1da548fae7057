"""Whether a CLIP knows what a workspace is about: its classes, and texts that people ask for.

A text says something of these images only where CLIP knows it. No torch.
"""

import numpy as np

from engine.schema.arrays import Array
from engine.words.competence import LEAST_REFERENCE, Known, drawn, zero_shot
from engine.words.space import WordSpace

MOST_CLASSES = 40
"""Classes that CLIP is tried on: as many random words must be there, many times over."""
PAIRS = 1000
"""Pairs of words at random, and of classes, that a pair is compared with."""
BY_LUCK = 0.05
"""How often words at random may move as much as those asked for."""
HALF = 0.5
"""Of how much the classes' names move; a text that moves so much is known as they are."""


def known_classes(space: WordSpace, seed: int, kinds: Array | None = None) -> Known | None:
    """Return how well CLIP tells the classes apart by their names: all, or 40 at random.

    Args:
        space: The images to look at.
        seed: Of what is drawn.
        kinds: As `zero_shot`'s.
    """
    present = np.unique(space.labels[space.labels >= 0])
    if len(present) > MOST_CLASSES:  # names of hundreds leave too few words for luck to be told by
        present = np.random.default_rng((43, seed)).permutation(present)[:MOST_CLASSES]
    rows = drawn(np.flatnonzero(np.isin(space.labels, present)), seed)
    images, labels = space.images[rows], space.labels[rows]
    some = None if kinds is None else kinds[rows]
    return zero_shot(images, labels, space.class_texts, space.reference, seed, some)


def why_unknown(known: Known | None) -> str:
    """Say why CLIP cannot be believed on these classes; empty where it can."""
    if known is None:
        return (
            "this CLIP cannot be tried on these classes: fewer than two have images, "
            f"or under {LEAST_REFERENCE} words name none of them"
        )
    return known.why_not


def why_unknown_texts(space: WordSpace, texts: Array, names: tuple[str, ...], seed: int) -> str:
    """Say why CLIP does not know one text, or the difference of two; empty where it does.

    Over the images, the cosine with the text (or the difference of both cosines) must move as only
    one in twenty random words (or pairs of them) does: a text that CLIP never learned hardly moves.
    Where CLIP knows the classes it may know most words, which then are no measure of luck; half as
    much as the classes' names do is enough there.

    Args:
        space: The images to look at.
        texts: (1, E) or (2, E).
        names: How they read.
        seed: Of what is drawn at random.
    """
    rng = np.random.default_rng((47, seed))
    images = np.asarray(space.images[drawn(np.arange(len(space.images)), seed)], dtype=np.float32)
    if len(images) < 2 or len(space.reference) < LEAST_REFERENCE:
        return (
            f"this CLIP cannot be tried on these words: there are {len(images)} images to look at "
            f"and {len(space.reference)} words to compare with"
        )
    named = space.class_texts[np.unique(space.labels[space.labels >= 0])]
    asked, random, classes = texts, space.reference, named
    if len(texts) == 2:
        asked, random, classes = texts[:1] - texts[1:], _pairs(random, rng), _pairs(named, rng)
    [moves], by_luck = _spread(images, asked), _spread(images, random)
    limit = luck = float(np.quantile(by_luck, 1 - BY_LUCK))
    those = " and ".join(f"“{name}”" for name in names)
    why = (
        f"this CLIP does not know {those}: over these images they move its cosines by {moves:.3f}, "
        f"words at random by up to {luck:.3f}"
    )
    if (unknown := why_unknown(known_classes(space, seed))) == "":
        usual = float(np.median(_spread(images, classes)))
        limit = min(luck, HALF * usual)
        why += f", the classes' names by {usual:.3f}"
    else:
        why += f"; and {unknown}"
    return "" if moves > limit else why


def _pairs(texts: Array, rng: np.random.Generator) -> Array:
    """Return differences (p, E) of two of some texts, at random."""
    first, second = rng.integers(0, len(texts), (2, PAIRS))
    apart = first != second
    return np.asarray(texts[first[apart]] - texts[second[apart]])


def _spread(images: Array, texts: Array) -> Array:
    """Return (t,): the standard deviation of each text's cosine over the images."""
    return np.asarray((images @ np.asarray(texts, dtype=np.float32).T).std(axis=0))
