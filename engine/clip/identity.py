"""Which CLIP a workspace has, by its content. No torch."""

from pathlib import Path

from engine.features.weights import DIGESTS, content_digest
from engine.io.atomic import key_of
from engine.schema.errors import ClipError
from engine.schema.requests import Source
from engine.schema.source_specs import local_directory

FORMAT = 1
FOLDER = "clip_features"
"""Where CLIP features and text embeddings lie in a workspace. Not `clip`: a model that
people keep there would be another with every file written."""


def clip_key(home: Path, source: Source) -> str:
    """Return a key of a CLIP's content: that of its files, or `MODEL/TAG`.

    open_clip's preprocessing comes with either, so that it is part of the key too. No path is.

    Raises:
        ClipError: The workspace names none.
        StorageError: Its files cannot be read.
    """
    if not source.has_clip:
        raise ClipError(
            'This workspace names no CLIP (clip = "none"), which would say in words what images, '
            "mistakes and neurons show, and find them by a text; set clip in workspace.toml to "
            '"local-dir:DIR" or to "MODEL/TAG" as open_clip lists them, such as '
            '"ViT-B-32/laion2b_s34b_b79k".'
        )
    local = local_directory(source.clip)
    content = source.clip if local is None else content_digest(local, home / FOLDER / DIGESTS)
    return key_of((FORMAT, local is not None, content), 16)
