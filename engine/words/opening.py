"""From feature cache, CLIP features and vocabulary to what words are looked for in. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from engine.clip.image_features import ClipFeatures, open_clip_features
from engine.clip.texts import open_texts
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.requests import Source
from engine.words.space import WordSpace
from engine.words.vocabulary import FILE, Vocabulary, vocabulary


@dataclass(frozen=True)
class WordList:
    """The words to try, and the names of the classes."""

    classes: tuple[str, ...]
    vocabulary: Vocabulary

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What CLIP is to embed, each text once."""
        return tuple(dict.fromkeys((*self.classes, *self.vocabulary.texts)))


def word_list(classes: Sequence[str], file: Path | None = None) -> WordList:
    """Return the built-in words, and with them those of a file.

    Raises:
        DataError: The file cannot be read.
    """
    names = tuple(" ".join(name.split()) for name in classes)
    return WordList(names, vocabulary(classes, file))


def found_space(
    cache: FeatureCache | None,
    clip: ClipFeatures | None,
    embed: Callable[[Sequence[str]], Array | None],
) -> WordSpace | None:
    """Return the built-in words in a split's images; None where anything is still to be made.

    Args:
        cache: Of the split.
        clip: CLIP's features of some of its images.
        embed: Returns the kept embeddings of texts, None where any is missing.
    """
    if cache is None or clip is None:
        return None
    listed = word_list(cache.classes)
    embedded = embed(listed.texts)
    return None if embedded is None else word_space(cache, clip, listed, embedded)


def open_space(home: Path, source: Source, cache: FeatureCache) -> WordSpace | None:
    """Return the built-in words in a split's images, from a workspace; else as `found_space`.

    Args:
        home: The workspace.
        source: What it names.
        cache: Of the split.

    Raises:
        StorageError: CLIP's files, or its features, are damaged.
    """
    features = open_clip_features(home, source, cache)
    return found_space(cache, features, partial(open_texts, home, source))


def word_space(
    cache: FeatureCache, clip: ClipFeatures, listed: WordList, embedded: Array
) -> WordSpace:
    """Return the images of a split that have CLIP features, and the words to look for in them.

    Words that this CLIP cannot tell apart count once. What words do by luck is learned from the
    built-in ones that name no class.

    Args:
        cache: Of the split; an edit's, where its predictions count.
        clip: CLIP's features of some of its images.
        listed: The words.
        embedded: (t, E), a row for each of `listed.texts`.
    """
    place = {text: row for row, text in enumerate(listed.texts)}
    every = embedded[[place[text] for text in listed.vocabulary.texts]]
    words, texts, _ = listed.vocabulary.distinguished(every)
    is_class = np.array([word.is_class for word in words.words], dtype=bool)
    own = np.array([word.kind == FILE for word in words.words], dtype=bool)
    rows = np.asarray(clip.rows)
    return WordSpace(
        rows=rows,
        images=clip.features,
        labels=cache.labels[rows],
        predicted=cache.predicted[rows],
        classes=tuple(cache.classes),
        class_texts=embedded[[place[name] for name in listed.classes]],
        words=tuple(word.text for word in words.words),
        texts=texts,
        is_class=is_class,
        reference=texts[~is_class & ~own],
    )
