"""Heat maps on disk: what one is of is in its file's name, so it is made once. No torch."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.features.cache import FeatureCache
from engine.io.atomic import key_of
from engine.schema.records import Neuron, NeuronImage

FORMAT = 1
NAMED = 40
"""Characters of the image's own name in a heat map's; names end at 255 bytes."""


class Facts(Struct, frozen=True, kw_only=True):
    """All that a heat map depends on: no class, it is the same for all."""

    format: int = FORMAT
    weights: str
    """sha256 of the checkpoint."""
    input_size: int
    neuron: int
    image: str
    mtime_ns: int
    bytes: int
    """Of the image's file, which may be replaced."""


def heat_path(out: Path, cache: FeatureCache, neuron: int, image: str) -> Path | None:
    """Return where an image's heat map lies, or will; None without the image."""
    path = Path(image)
    try:
        stat = path.stat()
        mtime_ns, size = stat.st_mtime_ns, stat.st_size
    except NotADirectoryError:  # an image inside a file, such as an archive
        sample = cache.sample_at(image)
        mtime_ns, size = sample.mtime_ns, sample.size
    except OSError:
        return None
    facts = Facts(
        weights=cache.meta.weights,
        input_size=cache.meta.input_size,
        neuron=neuron,
        image=str(path.absolute()),
        mtime_ns=mtime_ns,
        bytes=size,
    )
    key = key_of(facts, 8)
    return out / f"neuron{neuron:05d}_{path.stem[:NAMED]}_{key}.png"


def with_heat(out: Path, cache: FeatureCache, found: Neuron) -> Neuron:
    """Return a neuron whose images carry their heat maps, where there are."""

    def heated(images: Sequence[NeuronImage]) -> tuple[NeuronImage, ...]:
        paths = (heat_path(out, cache, found.neuron, image.path) for image in images)
        return tuple(
            msgspec.structs.replace(image, heat=str(path) if path and path.is_file() else None)
            for image, path in zip(images, paths, strict=True)
        )

    return msgspec.structs.replace(
        found, top_images=heated(found.top_images), mistakes=heated(found.mistakes)
    )


def without_heat(found: Neuron) -> tuple[str, ...]:
    """Return the images that carry no heat map yet, each once."""
    images = (*found.top_images, *found.mistakes)
    return tuple(dict.fromkeys(image.path for image in images if image.heat is None))
