"""A workspace's images and words in CLIP's space, made first where they are missing."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clip.identity import clip_key
from engine.features.cache import FeatureCache
from engine.schema.records import Progress
from engine.schema.requests import ClipRequest
from engine.words.naming_neurons import NamedNeurons
from engine.words.opening import open_space, word_list, word_space
from engine.words.space import WordSpace
from neuroinspect_tui.cli.progress import follow

if TYPE_CHECKING:
    from neuroinspect_tui.cli.opening import Opened


@dataclass(frozen=True)
class Looked:
    """What words are looked for in."""

    cache: FeatureCache
    space: WordSpace
    images: str
    """Which images these are, in a sentence."""


def look(opened: "Opened", file: Path | None = None) -> Looked:
    """Return the evaluation split's images and the words to look for in them.

    Raises:
        ClipError: The workspace names no CLIP.
        DataError: The file of words cannot be read.
    """
    listed = word_list(opened.split().classes, file)
    if opened.detach:  # one job makes all that is missing
        clip_key(opened.home, opened.source)
        opened.run(ClipRequest(split=opened.source.eval_split, texts=listed.texts))
    features, embedded = opened.clip(texts=listed.texts)
    cache = opened.cache()
    split = cache.meta.split
    which = f"all {cache.meta.n:,} images of {split}" if features.whole else features.note
    return Looked(
        cache,
        word_space(cache, features, listed, embedded),
        f"Looked at {which}, also those that edits report on.",
    )


def name_neurons(opened: "Opened", looked: Looked) -> NamedNeurons:
    """Return every neuron's words, computed with a progress line where they are not kept."""
    from engine.words.neuron_store import ready_names

    found: list[NamedNeurons] = []

    def job() -> Generator[Progress, None, None]:
        found.append((yield from ready_names(opened.home, looked.cache, looked.space)))

    follow(job(), first="naming neurons")
    return found[0]


def kept_names(opened: "Opened", cache: FeatureCache) -> NamedNeurons | None:
    """Return the neurons' words that are in the workspace already; None where they are not."""
    from engine.words.neuron_store import path_of, stored

    space = open_space(opened.home, opened.source, cache)
    return None if space is None else stored(path_of(opened.home, cache, space))
