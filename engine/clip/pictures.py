"""CLIP's embeddings of pictures that are no images of a split."""

from collections.abc import Callable, Generator, Sequence

import numpy as np
import torch
from PIL import Image

from engine.models.clip import ClipModel
from engine.schema.arrays import Array
from engine.schema.records import Progress

AT_ONCE = 32


def embed_pictures(
    model: ClipModel, pictures: Sequence[Callable[[], Image.Image]]
) -> Generator[Progress, None, Array]:
    """Return (n, E) float32, a row a picture, each of length 1; yield progress.

    Args:
        model: CLIP.
        pictures: Each opens one; what it raises is passed on.
    """
    parts: list[Array] = []
    for start in range(0, len(pictures), AT_ONCE):
        yield Progress(stage="CLIP looks", done=start, total=len(pictures), unit="pictures")
        images = [model.preprocess(opened()) for opened in pictures[start : start + AT_ONCE]]
        parts.append(model.embed_images(torch.stack(images)).cpu().numpy())
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
