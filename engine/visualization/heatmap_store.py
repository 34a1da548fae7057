"""Heat maps on disk, named by a digest of all they depend on: each is computed once. No torch."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.features.cache import FeatureCache
from engine.io.atomic import key_of
from engine.schema.records import Neuron, NeuronImage

FORMAT = 1
STEM_LENGTH = 40
"""Characters of the image's file name kept in the heat map's; a file name has at most 255 bytes."""


class Facts(Struct, frozen=True, kw_only=True):
    """Everything a heat map depends on; the class does not matter."""

    format: int = FORMAT
    weights: str
    """sha256 of the checkpoint."""
    input_size: int
    neuron: int
    image: str
    mtime_ns: int
    bytes: int
    """Size of the image's file; with its time, it identifies a replaced file."""


def heat_path(out: Path, cache: FeatureCache, neuron: int, image: str) -> Path | None:
    """Return the path of an image's heat map, made or not; None if the image is missing."""
    path, source = Path(image), cache.picture_of(image)
    if isinstance(source, Path):
        try:
            stat = source.stat()
        except OSError:
            return None
        mtime_ns, size = stat.st_mtime_ns, stat.st_size
    else:  # an image inside a file, such as an archive
        mtime_ns, size = source.sample.mtime_ns, source.sample.size
    facts = Facts(
        weights=cache.meta.weights,
        input_size=cache.meta.input_size,
        neuron=neuron,
        image=str(path.absolute()),
        mtime_ns=mtime_ns,
        bytes=size,
    )
    key = key_of(facts, 8)
    return out / f"neuron{neuron:05d}_{path.stem[:STEM_LENGTH]}_{key}.png"


def with_heat(out: Path, cache: FeatureCache, neuron: Neuron) -> Neuron:
    """Return a neuron with the heat maps of its images filled in, where they exist."""

    def heated(images: Sequence[NeuronImage]) -> tuple[NeuronImage, ...]:
        paths = (heat_path(out, cache, neuron.neuron, image.path) for image in images)
        return tuple(
            msgspec.structs.replace(image, heat=str(path) if path and path.is_file() else None)
            for image, path in zip(images, paths, strict=True)
        )

    return msgspec.structs.replace(
        neuron, top_images=heated(neuron.top_images), mistakes=heated(neuron.mistakes)
    )


def without_heat(neuron: Neuron) -> tuple[str, ...]:
    """Return the paths of the images that have no heat map yet, each once."""
    images = (*neuron.top_images, *neuron.mistakes)
    return tuple(dict.fromkeys(image.path for image in images if image.heat is None))
