"""Texts -> CLIP embeddings, of which what is new is made and kept."""

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch

from engine.clip.extract import embed_file
from engine.clip.texts import TextStore, digest_of, image_digest, sentences_of
from engine.models.clip import ClipModel
from engine.schema.errors import ClipError
from engine.schema.records import Progress

AT_ONCE = 16
KEEP_EVERY = 512
"""Texts after which embeddings go to disk: what is interrupted repeats at most so many."""


def fill_texts(
    model: ClipModel, store: TextStore, texts: Sequence[str]
) -> Generator[Progress, None, None]:
    """Make sure that the embeddings of texts are kept.

    Raises:
        ClipError: CLIP gives no finite embedding for one.
        StorageError: The workspace cannot be written.
    """
    by_digest = {digest_of(text): text for text in texts}
    known = store.known(list(by_digest))
    new = [digest for digest in by_digest if digest not in known]
    stage = "embedding texts"
    for start in range(0, len(new), KEEP_EVERY):
        part = new[start : start + KEEP_EVERY]
        rows = []
        for at in range(0, len(part), AT_ONCE):
            yield Progress(stage=stage, done=start + at, total=len(new), unit="texts")
            some = [by_digest[digest] for digest in part[at : at + AT_ONCE]]
            found = model.embed_sentences([sentences_of(text) for text in some])
            if not bool(torch.isfinite(found).all()):
                raise ClipError("This CLIP gives NaN for a text; its weights are damaged.")
            rows.append(found.float().cpu().numpy())
        store.add(part, np.concatenate(rows))
    yield Progress(stage=stage, done=len(new), total=len(new), unit="texts")


def fill_image(model: ClipModel, store: TextStore, path: Path) -> None:
    """Make sure that the CLIP feature of an image file is kept.

    Raises:
        DataError: It cannot be read or decoded.
        ClipError: CLIP gives no finite feature for it.
        StorageError: The workspace cannot be written.
    """
    digest = image_digest(path)
    if not store.known([digest]):
        store.add([digest], embed_file(model, path).float().numpy()[None])
