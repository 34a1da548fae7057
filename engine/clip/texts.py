"""CLIP's embeddings of texts, kept on disk by CLIP and text. No torch.

A text is put into the templates of `engine.models.templates`; `word<TAB>prompt` is embedded by its
prompt alone, as it stands. `clip_features/texts-<key>/` holds parts (.npz) of digests and
embeddings, so that of a longer list only what is new is embedded. An image file's feature is kept
there too, by the digest of its content.
"""

import zipfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from engine.clip.identity import FOLDER, clip_key
from engine.io.atomic import file_digest, key_of, write_beside
from engine.models.templates import TEMPLATES
from engine.schema.arrays import Array
from engine.schema.errors import DataError
from engine.schema.requests import Source

MOST_PARTS = 32
"""More are put together into one."""
DIGITS = 40


def sentences_of(text: str) -> tuple[str, ...]:
    """Return the sentences whose mean embedding is that of a text, or of `word<TAB>prompt`."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # a shell may give what is not UTF-8
    _, tab, prompt = text.partition("\t")
    return (prompt,) if tab else tuple(template.format(text) for template in TEMPLATES)


def digest_of(text: str) -> str:
    """Return the digest under which a text's embedding is kept: that of its sentences."""
    return key_of(sentences_of(text), DIGITS)


def image_digest(path: Path) -> str:
    """Return the digest under which an image file's feature is kept: that of its content.

    Raises:
        DataError: It cannot be read.
    """
    try:
        if not path.is_file():
            raise DataError(f"There is no image file {path}.")
        return key_of(("image", file_digest(path)), DIGITS)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"Cannot read the image {path}: {reason}.") from error


def open_texts(home: Path, source: Source, texts: Sequence[str]) -> Array | None:
    """Return the embeddings of texts (n, E) float32, each of length 1; None where any is missing.

    Args:
        home: The workspace.
        source: What it names.
        texts: Texts, or `word<TAB>prompt`.

    Raises:
        StorageError: CLIP's files cannot be read.
    """
    return _opened(home, source, [digest_of(text) for text in texts])


def open_image(home: Path, source: Source, path: Path) -> Array | None:
    """Return the CLIP feature (E,) of an image file, of length 1; None where it is missing.

    Raises:
        DataError: The image cannot be read.
        StorageError: CLIP's files cannot be read.
    """
    found = _opened(home, source, [image_digest(path)])
    return None if found is None else found[0]


def _opened(home: Path, source: Source, digests: Sequence[str]) -> Array | None:
    if not source.has_clip:
        return None
    known = TextStore(home, source).known(digests)
    if not digests or len(known) < len(set(digests)):
        return None
    return np.stack([known[digest] for digest in digests])


class TextStore:
    """The embeddings that a workspace keeps for its CLIP.

    Args:
        home: The workspace.
        source: What it names.

    Raises:
        ClipError: The workspace names no CLIP.
        StorageError: Its files cannot be read.
    """

    def __init__(self, home: Path, source: Source) -> None:
        self.directory = home / FOLDER / f"texts-{clip_key(home, source)}"

    def known(self, digests: Sequence[str]) -> dict[str, Array]:
        """Return the embeddings (E,) that there are, by digest; what is damaged counts as none."""
        wanted, found = set(digests), dict[str, Array]()
        for path in self._parts():
            if len(found) == len(wanted):
                break
            names, embeddings = _read(path)
            found |= {
                name: embeddings[row]
                for row, name in enumerate(names)
                if name in wanted and abs(float(np.linalg.norm(embeddings[row])) - 1) < 0.01
            }
        return found

    def add(self, digests: Sequence[str], embeddings: Array) -> None:
        """Keep embeddings (n, E). What other processes keep meanwhile stays.

        Raises:
            StorageError: The workspace cannot be written.
        """
        names, rows = list(digests), np.asarray(embeddings, dtype=np.float32)
        parts = self._parts()
        replaced = parts if len(parts) >= MOST_PARTS else []
        for path in replaced:
            more, their = _read(path)
            names += more
            rows = np.concatenate([rows, their]) if len(more) else rows
        target = self.directory / f"{key_of(names, 16)}.npz"
        write_beside(target, partial(_write, names=np.array(names), embeddings=rows))
        for path in replaced:
            if path != target:
                with suppress(OSError):
                    path.unlink()

    def _parts(self) -> list[Path]:
        return sorted(self.directory.glob("*.npz"))


def _write(path: Path, names: Array, embeddings: Array) -> None:
    with path.open("wb") as file:
        np.savez(file, names=names, embeddings=embeddings)


def _read(path: Path) -> tuple[list[str], Array]:
    """Return a part's digests and embeddings (n, E); none where it is damaged or just gone."""
    try:
        # a ZIP, whose parts have checksums
        with path.open("rb") as file, np.load(file, allow_pickle=False) as part:
            names, embeddings = part["names"].tolist(), part["embeddings"]
        if embeddings.ndim == 2 and len(names) == len(embeddings):
            return names, embeddings
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass
    return [], np.zeros((0, 0), dtype=np.float32)
