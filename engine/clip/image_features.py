"""CLIP's features of the images of a split, as they lie on disk. No torch.

`clip_features/<key>/` of a workspace holds features.npy (m, E) and rows.npy (m,), which says of
which of the chosen images they are: what cannot be decoded has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.clip.identity import FOLDER, FORMAT, clip_key
from engine.clip.probe import Probe, choose
from engine.features.cache import META, FeatureCache, is_finished
from engine.io.atomic import key_of, read_json
from engine.schema.arrays import Array
from engine.schema.errors import StorageError
from engine.schema.records import Skipped
from engine.schema.requests import Source


class ClipMeta(Struct, frozen=True, kw_only=True):
    """meta.json: what the features are of; it is written last."""

    format: int
    width: int
    """E, numbers a feature."""
    images: int
    """How many images were chosen; `skipped` of them could not be decoded."""
    skipped: tuple[Skipped, ...]
    versions: dict[str, str]


@dataclass(frozen=True)
class ClipFeatures:
    """CLIP features of a split's images."""

    rows: Array
    """(m,) int64, sorted rows of the split's feature cache that have a CLIP feature."""
    features: Array
    """(m, E) float16, memory-mapped; each of length 1."""
    whole: bool
    """Whether every image of the feature cache has one."""
    note: str
    """Which images have one, where not all: one sentence without its full stop."""

    @cached_property
    def kept(self) -> Array:
        """(m, E) float32, in memory from now on: to convert them takes six times a query."""
        return np.asarray(self.features, dtype=np.float32)

    def at(self, rows: Array | Sequence[int]) -> tuple[Array, Array]:
        """Return the features of rows of the feature cache, and which of them have one.

        Args:
            rows: (k,), in any order.

        Returns:
            (k, E) float32, zeros where there is none; and (k,) bool, whether there is one.
        """
        wanted = np.asarray(rows, dtype=np.int64)
        places = np.searchsorted(self.rows, wanted)
        places[places == len(self.rows)] = 0
        present = self.rows[places] == wanted if len(self.rows) else np.zeros(len(wanted), bool)
        found = np.zeros((len(wanted), self.features.shape[1]), dtype=np.float32)
        found[present] = self.features[places[present]]
        return found, present


def find_clip_features(
    home: Path, source: Source, cache: FeatureCache, *, whole: bool = False
) -> tuple[Path, Probe]:
    """Return where the CLIP features of a split lie, or will lie, and of which images they are.

    Whatever the weights: the key is of CLIP and of the chosen images, with their sizes and times.

    Args:
        home: The workspace.
        source: What it names.
        cache: The split's feature cache.
        whole: All images of a split, however large; else a probe of large ones.

    Raises:
        ClipError: The workspace names no CLIP.
        StorageError: Its files, or the feature cache's, cannot be read.
    """
    probe = choose(cache, whole=whole)
    samples = cache.samples
    images = [(s.path, s.size, s.mtime_ns) for s in (samples[row] for row in probe.rows)]
    key = key_of((FORMAT, clip_key(home, source), cache.meta.split, images), 16)
    return home / FOLDER / key, probe


def open_clip_features(
    home: Path, source: Source, cache: FeatureCache, *, whole: bool = False
) -> ClipFeatures | None:
    """Open the CLIP features of a split; None where they are still to be made, or without a CLIP.

    Args:
        home: The workspace.
        source: What it names.
        cache: The split's feature cache.
        whole: Of all images; else of a probe where the split is large.

    Raises:
        StorageError: They are damaged.
    """
    if not source.has_clip:
        return None
    directory, probe = find_clip_features(home, source, cache, whole=whole)
    if not is_finished(directory):
        return None
    meta = read_json(directory / META, ClipMeta)
    features, places = _arrays(directory, meta, len(probe.rows))
    rows = probe.rows[places]
    whole = len(rows) == cache.meta.n
    return ClipFeatures(rows, features, whole, "" if whole else _note(probe, meta))


def _arrays(directory: Path, meta: ClipMeta, images: int) -> tuple[Array, Array]:
    try:
        features = np.load(directory / "features.npy", mmap_mode="r", allow_pickle=False)
        places = np.load(directory / "rows.npy", allow_pickle=False)
        shapes = ((len(places), meta.width), (images - len(meta.skipped),))
        if meta.format != FORMAT or (features.shape, places.shape) != shapes:
            raise ValueError("other shapes than its meta.json says")
        if features.dtype != np.float16 or places.dtype != np.int64:
            raise ValueError("other types than its meta.json says")
        if len(places) and (places[0] < 0 or places[-1] >= images or (np.diff(places) < 1).any()):
            raise ValueError("rows out of order")
    except (OSError, ValueError, EOFError) as error:
        raise StorageError(
            f"The CLIP features in {directory} are missing or damaged; remove that folder to "
            "compute them again."
        ) from error
    return features, places


def _note(probe: Probe, meta: ClipMeta) -> str:
    said = probe.note or "all images"
    return f"{said}, but for {len(meta.skipped)} that cannot be decoded" if meta.skipped else said
