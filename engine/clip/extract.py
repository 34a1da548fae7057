"""A split's images -> CLIP features: streamed, resumable, and safe beside other processes."""

from collections.abc import Generator, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.clip.identity import FORMAT
from engine.clip.image_features import ClipMeta
from engine.clip.probe import Probe
from engine.data.images import decode
from engine.data.loader import Pictures, batches
from engine.features.cache import META, FeatureCache
from engine.features.streaming import Column, built, stream_rows
from engine.io.atomic import write_json
from engine.models.clip import ClipModel
from engine.schema.errors import ClipError, DataError
from engine.schema.records import Progress
from engine.schema.requests import ClipRequest


def fill_clip_features(
    model: ClipModel, cache: FeatureCache, directory: Path, probe: Probe, request: ClipRequest
) -> Generator[Progress, None, None]:
    """Make sure that `directory` holds the CLIP features of a split's chosen images.

    CLIP sees images as a person does, upright and with transparency on white, since its words are
    a person's, through open_clip's own evaluation transform. Memory is bounded by the batch size.
    What was interrupted goes on where its rows were last safe on disk; a second process waits.

    Args:
        model: CLIP.
        cache: The split's feature cache.
        directory: Of the CLIP features; it appears when they are whole.
        probe: Which images.
        request: Batch size and workers.

    Raises:
        ClipError: CLIP gives no finite features.
        DataError: Not one image can be decoded.
        StorageError: The workspace cannot be written.
        RequestError: Not even one image fits in the device's memory.
    """
    samples = [cache.samples[row] for row in probe.rows]
    pictures = Pictures(cache, samples, model.preprocess)

    def build(partial: Path) -> Iterator[Progress]:
        width = model.embedding_width()
        done = yield from stream_rows(
            samples,
            partial,
            {"features": Column(width, np.float16)},
            lambda start: batches(
                pictures, start, model.device, request.batch_size, request.workers
            ),
            lambda images: (embedded(model, images),),
            model.device,
            f"CLIP features of {cache.meta.split}",
        )
        if not done.rows:
            raise DataError(
                f"Not one image of {cache.meta.split} in {cache.root} can be decoded "
                f"({done.skipped[0].reason}); correct the files, or the paths that lead to them."
            )
        np.save(partial / "rows.npy", np.array(done.rows, dtype=np.int64))
        meta = ClipMeta(
            format=FORMAT,
            width=width,
            images=len(samples),
            skipped=done.skipped,
            versions={name: version(name) for name in ("torch", "open_clip_torch", "pillow")},
        )
        write_json(partial / META, meta)

    yield from built(directory, build)


def embedded(model: ClipModel, images: Tensor) -> Tensor:
    """Return CLIP features (B, E), each of length 1, of images as its `preprocess` gives them.

    Raises:
        ClipError: They are not finite, or 0.
    """
    found = model.embed_images(images)
    lengths = found.norm(dim=1)
    if not bool(torch.isfinite(lengths).all()) or bool((lengths < 0.5).any()):
        raise ClipError("This CLIP gives NaN or zero for an image; its weights are damaged.")
    return found


def embed_file(model: ClipModel, path: Path) -> Tensor:
    """Return the CLIP feature (E,), of length 1, of an image file.

    Raises:
        DataError: It cannot be decoded.
        ClipError: CLIP gives no finite feature for it.
    """
    try:
        picture = decode(path)
    except DataError as error:
        raise DataError(f"{path} {error}.") from error
    return embedded(model, model.preprocess(picture)[None])[0].cpu()
