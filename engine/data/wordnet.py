"""The classes of ImageNet by their WordNet ids: names, and the order of a model's outputs.

They are read from files in timm's package, without importing it: that would import torch.
"""

import csv
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from engine.data.published import distinct

LEMMAS = "imagenet_synset_to_lemma.txt"
SYNSETS = {
    1000: "imagenet_synsets.txt",
    11221: "imagenet21k_miil_synsets.txt",
    11821: "imagenet12k_synsets.txt",
    21841: "imagenet22k_synsets.txt",
    21842: "imagenet22k_ms_synsets.txt",
    21843: "imagenet21k_goog_synsets.txt",
}
"""By how many outputs a model has, as timm tells them apart."""


def synset_names(wnids: Sequence[str]) -> tuple[str, ...]:
    """Return the names of classes: WordNet's lemmas, and the id behind two that are the same.

    An id that timm does not know is its own name.
    """
    lemmas = _lemmas()
    return distinct([lemmas.get(wnid, wnid) for wnid in wnids], wnids)


def synset_order(outputs: int) -> tuple[str, ...] | None:
    """Return the ids of a model's outputs, in order; None where no set has so many classes."""
    name = SYNSETS.get(outputs)
    return None if name is None else tuple(_read(name))


@cache
def _lemmas() -> dict[str, str]:
    return {row[0]: row[1] for row in csv.reader(_read(LEMMAS), delimiter="\t")}


def _read(name: str) -> list[str]:
    package = find_spec("timm")
    if package is None or package.origin is None:
        return []
    path = Path(package.origin).parent / "data" / "_info" / name
    return path.read_text(encoding="utf-8").splitlines()
