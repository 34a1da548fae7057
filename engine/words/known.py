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


def known_classes(space: WordSpace, seed: int) -> Known | None:
    """Return how well CLIP tells the classes apart by their names: all, or 40 at random."""
    present = np.unique(space.labels[space.labels >= 0])
    if len(present) > MOST_CLASSES:  # names of hundreds leave too few words for luck to be told by
        present = np.random.default_rng((43, seed)).permutation(present)[:MOST_CLASSES]
    rows = drawn(np.flatnonzero(np.isin(space.labels, present)), seed)
    images, labels = space.images[rows], space.labels[rows]
    return zero_shot(images, labels, space.class_texts, space.reference, seed)


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

    It must know the classes. And over the images, the cosine with the text (or the difference of
    both cosines) must move as only one in twenty random words (or pairs of them) does, or at least
    half as much as the names of the classes, which CLIP knows: a text that it never learned hardly
    moves. Where it knows most words, words at random are no measure, and the classes' names are.

    Args:
        space: The images to look at.
        texts: (1, E) or (2, E).
        names: How they read.
        seed: Of what is drawn at random.
    """
    if why := why_unknown(known_classes(space, seed)):
        return why
    rng = np.random.default_rng((47, seed))
    images = np.asarray(space.images[drawn(np.arange(len(space.images)), seed)], dtype=np.float32)
    present = np.unique(space.labels[space.labels >= 0])
    if len(texts) == 2:
        asked = texts[:1] - texts[1:]
        random, classes = (
            _pairs(some, rng) for some in (space.reference, space.class_texts[present])
        )
    else:
        asked, random, classes = texts, space.reference, space.class_texts[present]
    [moves], by_luck, by_class = (_spread(images, some) for some in (asked, random, classes))
    luck, usual = float(np.quantile(by_luck, 1 - BY_LUCK)), float(np.median(by_class))
    if moves > min(luck, HALF * usual):
        return ""
    those = " and ".join(f"“{name}”" for name in names)
    return (
        f"this CLIP does not know {those}: over these images they move its cosines by {moves:.3f}, "
        f"words at random by up to {luck:.3f}, the classes' names by {usual:.3f}"
    )


def _pairs(texts: Array, rng: np.random.Generator) -> Array:
    """Return differences (p, E) of two of some texts, at random."""
    first, second = rng.integers(0, len(texts), (2, PAIRS))
    apart = first != second
    return np.asarray(texts[first[apart]] - texts[second[apart]])


def _spread(images: Array, texts: Array) -> Array:
    """Return (t,): the standard deviation of each text's cosine over the images."""
    return np.asarray((images @ np.asarray(texts, dtype=np.float32).T).std(axis=0))
