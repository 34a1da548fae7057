"""The feature cache: what extracting the features of a split leaves on disk. No torch.

It is content-addressed and memory-mapped. `features/<key>/` holds features (n, D), logits (n, C),
labels, the decision layer, each neuron's top activating images, means over all images and the
counterfactual of every mistake, so that all but visualizations is answered from here.
"""

from copy import copy
from functools import cached_property
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.data.splits import Sample, Split
from engine.data.stored import PictureFinder, picture_finder
from engine.features.aside import read_aside, rows_aside
from engine.features.overlay import Overlay
from engine.features.weights import FOLDER, architecture, weights_digest
from engine.io.atomic import key_of, read_json, write_json
from engine.schema.arrays import Array
from engine.schema.errors import StorageError
from engine.schema.records import Skipped
from engine.schema.requests import Source

FORMAT = 2
META = "meta.json"
PER_NEURON = ("strongest_rows", "strongest_values")
PER_MISTAKE = ("insufficient", "excessive", "steps", "flipped")
OF_THE_BACKBONE = ("features", "mean", *PER_NEURON)
"""What a feature cache with an edit's decision layer shares with that of the checkpoint's."""


class Meta(Struct, frozen=True, kw_only=True):
    """meta.json: what a feature cache is of; it is written last."""

    format: int
    key: str
    split: str
    view: int
    folders: tuple[str, ...]
    groups: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    n: int
    width: int
    has_bias: bool
    input_size: int
    weights: str
    """sha256 of the checkpoint."""
    versions: dict[str, str]
    differs: dict[str, int] = {}
    """How many images the model sees otherwise than a person, by the kind of difference."""
    on: str | None = None
    """The edit whose decision layer it has; None: the checkpoint's own."""

    @property
    def base(self) -> str:
        """The key of the cache of the same images with the checkpoint's own decision layer."""
        return self.key if self.on is None else self.key.removesuffix(f"+{self.on}")


class FeatureCache:
    """A finished feature cache. Arrays are memory-mapped, so that opening one is quick.

    Args:
        directory: Its own.
        split: The listing that it was made from.

    Raises:
        StorageError: Files are missing or damaged.
    """

    def __init__(self, directory: Path, split: Split) -> None:
        self.directory = directory
        self.root = split.root
        self.reader = split.reader
        self.exif = split.exif
        self.background = split.background
        self.classes = split.classes  # names may change while features stay
        self.own_groups_named = split.groups
        self.overlay: Overlay | None = None
        self.aside: Array = np.zeros(0, dtype=np.int64)
        """The rows of the images that are set aside, sorted."""
        self.aside_lacking: tuple[str, ...] = ()
        """Paths that are listed as set aside, but are none of this split's images."""
        self.meta = read_json(directory / META, Meta)
        if self.meta.format != FORMAT:
            raise StorageError(
                f"{directory} has format {self.meta.format}, not {FORMAT}; remove it."
            )
        if self.meta.n == 0:
            reason = f" ({self.meta.skipped[0].reason})" if self.meta.skipped else ""
            raise StorageError(
                f"Not one image of {self.meta.split} in {split.root} can be decoded{reason}; "
                "correct the files, or the paths that lead to them."
            )

    def array(self, name: str) -> Array:
        """Return `name`.npy, memory-mapped.

        Raises:
            StorageError: It is missing or damaged.
        """
        directory = self._base if name in OF_THE_BACKBONE else self.directory
        path = directory / f"{name}.npy"
        try:
            found = np.load(path, mmap_mode="r", allow_pickle=False)
            self._check_shape(name, found)
        except (OSError, ValueError, EOFError) as error:
            raise StorageError(
                f"{path} is missing or damaged; remove {directory} to compute it again."
            ) from error
        return found

    @property
    def _base(self) -> Path:
        """The directory of what no edit of the decision layer changes."""
        return self.directory.with_name(self.meta.base) if self.meta.on else self.directory

    def _check_shape(self, name: str, found: Array) -> None:
        n, width, classes = self.meta.n, self.meta.width, len(self.meta.folders)
        wanted = {
            "features": (n, width), "logits": (n, classes), "predicted": (n,), "mean": (width,),
            "weight": (classes, width), "bias": (classes,), "mistake_rows": (found.size,),
        }.get(name, found.shape)  # fmt: skip
        if name in PER_NEURON:
            wanted = (width, *found.shape[1:2])
        if name in PER_MISTAKE:
            wanted = (len(self.array("mistake_rows")), *found.shape[1:2])
        if found.shape != wanted or found.dtype.kind not in "fib":
            raise ValueError(f"{found.dtype} {found.shape}, not {wanted}")

    @cached_property
    def features(self) -> Array:
        """(n, D)."""
        return self.array("features")

    @cached_property
    def logits(self) -> Array:
        """(n, C)."""
        return self.array("logits")

    @cached_property
    def weight(self) -> Array:
        """(C, D)."""
        return self.array("weight")

    @cached_property
    def bias(self) -> Array:
        """(C,)."""
        return self.array("bias")

    @cached_property
    def predicted(self) -> Array:
        """(n,), the class of each image's largest logit."""
        return np.asarray(self.array("predicted"))

    @cached_property
    def checkpoint_predicted(self) -> Array:
        """(n,), what the checkpoint's own decision layer predicts, whatever edit this is with."""
        if self.meta.on is None:
            return self.predicted
        path = self._base / "predicted.npy"
        try:
            found = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise StorageError(
                f"{path} is missing or damaged; remove {self._base} to compute it again."
            ) from error
        return np.asarray(found)

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        """The images, row by row."""
        path = self._base / "samples.json"
        found = read_json(path, tuple[Sample, ...])
        if len(found) != self.meta.n:
            raise StorageError(
                f"{path} lists {len(found)} images, not {self.meta.n}: it is damaged; "
                f"remove {self._base} to compute it again."
            )
        return found

    @cached_property
    def own_labels(self) -> Array:
        """(n,), the class of every image, set aside or not."""
        return np.array([sample.label for sample in self.samples], dtype=np.int64)

    @cached_property
    def labels(self) -> Array:
        """(n,), the class of every image; -1 for one set aside, which so is of no class.

        Whatever asks for the images of a class goes without it, and what counts by class without
        asking (`np.bincount`, cross-entropy) fails on it instead of counting it.
        """
        labels = self.own_labels.copy()
        labels[self.aside] = -1
        return labels

    @cached_property
    def counted(self) -> Array:
        """The rows of the images that count: all but those set aside, sorted."""
        return np.delete(np.arange(self.meta.n), self.aside)

    @cached_property
    def mean(self) -> Array:
        """(D,), the mean features of the images that count."""
        mean = self.array("mean")
        if not len(self.aside):
            return mean
        out = np.asarray(self.features[self.aside], dtype=np.float64).sum(axis=0)
        return np.asarray((mean * self.meta.n - out) / len(self.counted))

    def without(self, aside: Array, lacking: tuple[str, ...] = ()) -> "FeatureCache":
        """Return the same rows, of which those in `aside` (sorted) do not count.

        Rows keep their numbers: edits and groupings remember images by them.

        Raises:
            StorageError: No image would count.
        """
        if len(aside) == self.meta.n:
            raise StorageError(
                f"Every image of {self.meta.split} is set aside, so there is nothing to count; "
                "bring some back (mistakes --bring-back PATH)."
            )
        masked = copy(self)
        for name in ("labels", "counted", "mean"):
            masked.__dict__.pop(name, None)
        masked.aside, masked.aside_lacking = aside, lacking
        return masked

    @property
    def whole(self) -> "FeatureCache":
        """The same with every image counted."""
        return self.without(np.zeros(0, dtype=np.int64)) if len(self.aside) else self

    def with_groups(self, overlay: Overlay) -> "FeatureCache":
        """Return the same images under another grouping; features and files stay as they are."""
        laid = copy(self)
        laid.overlay = overlay
        return laid

    @property
    def under_own_groups(self) -> "FeatureCache":
        """The same images under the data's own groups, if it has any."""
        if self.overlay is None:
            return self
        bare = copy(self)
        bare.overlay = None
        return bare

    @property
    def groups(self) -> Array | None:
        """(n,), indices into `groups_named`; None where there are no groups.

        -1 for an image of none, and for one set aside.
        """
        groups = self.own_groups if self.overlay is None else self.overlay.groups
        if groups is None or not len(self.aside):
            return groups
        groups = groups.copy()
        groups[self.aside] = -1
        return groups

    @property
    def groups_named(self) -> tuple[str, ...]:
        """The groups' names: the data's, or those of the grouping laid over them."""
        return self.own_groups_named if self.overlay is None else self.overlay.named

    @cached_property
    def own_groups(self) -> Array | None:
        """(n,), the data's own groups, or None where the data has none."""
        if not self.own_groups_named:
            return None
        return np.array([sample.group for sample in self.samples], dtype=np.int64)

    def path(self, row: int) -> str:
        """Return the path of an image."""
        return str(Path(self.root) / self.samples[row].path)

    def sample_at(self, path: str) -> Sample:
        """Return the image of a path that `path` gave."""
        below = path.removeprefix(f"{self.root.rstrip('/')}/")
        return self._samples_below.get(below) or self._samples_by_path[path]

    @cached_property
    def picture_of(self) -> PictureFinder:
        """The function that finds what can be shown by a path that `path` gave."""
        return picture_finder(self, self.sample_at)

    @cached_property
    def _samples_below(self) -> dict[str, Sample]:
        return {sample.path: sample for sample in self.samples}

    @cached_property
    def _samples_by_path(self) -> dict[str, Sample]:
        """Also those whose own paths are spelled otherwise, as `./a.png` is."""
        return {self.path(row): sample for row, sample in enumerate(self.samples)}


def cache_key(source: Source, split: Split, view: int, digest: str) -> str:
    """Return the key of a feature cache: weights, architecture, transform, file list, precision.

    No path is part of it but those of the images below the data: what was moved is found again.
    """
    parts = (
        FORMAT, architecture(source), digest, split.name, view, source.half_features,
        split.samples, split.folders, len(split.groups), source.seed if view else 0,
        source.exif, source.background,
    )  # fmt: skip
    return key_of(parts, 16)


def find_cache(
    home: Path, source: Source, split: Split, view: int = 0, on: str | None = None
) -> Path:
    """Return the directory in which the feature cache of a split lies, or will lie.

    Args:
        home: The workspace.
        source: What the workspace names.
        split: The listing.
        view: 0, or which augmented view.
        on: An edit's whole id: the feature cache with that edit's decision layer.

    Raises:
        StorageError: There are no weights yet, or they cannot be read.
    """
    key = cache_key(source, split, view, weights_digest(source, home))
    return home / FOLDER / (key if on is None else f"{key}+{on}")


def open_cache(
    home: Path, source: Source, split: Split, view: int = 0, on: str | None = None
) -> FeatureCache | None:
    """Open the feature cache of a split; None where the features are still to be extracted.

    The images that the workspace's list sets aside do not count in it. Every command, screen and
    job opens features here, so that none can forget them. The arguments are those of `find_cache`.

    Raises:
        StorageError: There are no weights yet, or the cache or the list is damaged.
    """
    directory = find_cache(home, source, split, view, on)
    listed = read_aside(home)
    if not is_finished(directory):
        return None
    cache = FeatureCache(directory, split)
    return cache.without(*rows_aside(listed, split.name, cache.samples)) if listed else cache


def reopen_cache(
    home: Path, source: Source, split: Split, view: int = 0, on: str | None = None
) -> FeatureCache:
    """Open a feature cache that was just finished; else as `open_cache`.

    Raises:
        StorageError: It is not there, too.
    """
    cache = open_cache(home, source, split, view, on)
    if cache is None:
        raise StorageError(f"The features of {split.name} went meanwhile; run the command again.")
    return cache


def is_finished(directory: Path) -> bool:
    """Return whether a feature cache is whole."""
    return (directory / META).is_file()


def finish(directory: Path, meta: Meta) -> None:
    """Write the record that makes a feature cache whole.

    Raises:
        StorageError: The directory cannot be written.
    """
    write_json(directory / META, meta)
