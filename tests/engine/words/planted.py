"""A CLIP as it should be: classes, places and words on known axes, and words at random."""

import numpy as np

from engine.words.space import WordSpace

PLACES = ("land", "water")
WIDTH = 64


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def space(
    seed=0,
    *,
    per_class=120,
    mistakes=20,
    classes=("finch", "gull"),
    place=1.5,
    knows=True,
    words=400,
):
    """Return a space in which mistakes lie on `land`, and right images on `water`.

    Axes 0 and up are the classes, the last two the places. A CLIP that knows nothing sees the same
    images, but its texts are unrelated to them.
    """
    rng = np.random.default_rng(seed)
    c = len(classes)
    labels = np.repeat(np.arange(c), per_class)
    wrong = np.tile(np.arange(per_class) < mistakes, c)
    predicted = np.where(wrong, (labels + 1) % c, labels)
    images = rng.normal(size=(len(labels), WIDTH))
    images[np.arange(len(labels)), labels] += 8
    images[:, -2] += place * 4 * wrong
    images[:, -1] += place * 4 * ~wrong
    axes = np.eye(WIDTH)
    random = unit(rng.normal(size=(words, WIDTH)))
    class_texts = axes[:c] if knows else unit(rng.normal(size=(c, WIDTH)))
    places = axes[-2:] if knows else unit(rng.normal(size=(2, WIDTH)))
    return WordSpace(
        rows=np.arange(len(labels)),
        images=unit(images).astype(np.float16),
        labels=labels,
        predicted=predicted,
        classes=tuple(classes),
        class_texts=class_texts,
        words=(*PLACES, *classes, *(f"word {i}" for i in range(words))),
        texts=np.concatenate([places, class_texts, random]),
        is_class=(np.arange(2 + c + words) >= 2) & (np.arange(2 + c + words) < 2 + c),
        reference=random,
    )
