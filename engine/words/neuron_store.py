"""The words of all neurons, kept in a workspace: they are computed once. No torch."""

import hashlib
from collections.abc import Generator
from pathlib import Path

import msgspec
import numpy as np

from engine.features.cache import FeatureCache
from engine.io.atomic import decode_json, key_of, write_json
from engine.schema.errors import StorageError
from engine.schema.records import Progress
from engine.words.naming_neurons import NamedNeurons, name_neurons
from engine.words.space import WordSpace

FORMAT = 1
FOLDER = "words"
"""Where in a workspace they lie."""


def path_of(home: Path, cache: FeatureCache, space: WordSpace) -> Path:
    """Return the file of the words of a feature cache's neurons.

    Its name is of everything that they depend on: the images' features, and what CLIP says of the
    images and of the words. An edit changes no neuron, and shares them.
    """
    said = hashlib.sha256()
    for array in (space.rows, space.images, space.texts, space.reference, space.class_texts):
        said.update(np.ascontiguousarray(array).data)
    key = key_of((FORMAT, cache.meta.base, space.words, said.hexdigest()), 16)
    return home / FOLDER / f"neurons-{key}.json"


def stored(path: Path) -> NamedNeurons | None:
    """Return the words in a file; None where there are none, or they are damaged."""
    try:
        return decode_json(path.read_bytes(), NamedNeurons)
    except (OSError, msgspec.DecodeError):
        return None


def ready_names(
    home: Path, cache: FeatureCache, space: WordSpace
) -> Generator[Progress, None, NamedNeurons]:
    """Name every neuron, or return the names that there are.

    Args:
        home: The workspace.
        cache: Whose neurons.
        space: Some of its images, and the words to try.
    """
    path = path_of(home, cache, space)
    found = stored(path)
    if found is None:
        found = yield from name_neurons(space, cache.features)
        try:
            write_json(path, found)
        except StorageError:
            pass  # a read-only workspace still answers
    return found
