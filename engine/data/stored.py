"""Images as people look at them: files, and images inside other files. No torch."""

import io
import re
import warnings
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from PIL import Image, UnidentifiedImageError

from engine.data.images import ImagePlace, decode, open_image
from engine.data.readers import READERS
from engine.data.readers.base import ImageFiles, Sample
from engine.io.atomic import key_of, write_beside
from engine.schema.errors import DataError, EngineError, RequestError

STEM_LENGTH = 40
"""Characters of an image's name kept in that of the file that it is written out to."""


class StoredImage(Struct, frozen=True):
    """An image that the reader of its data opens: it need not be a file of its own."""

    root: str
    reader: str
    sample: Sample

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return Path(self.sample.path).name

    @property
    def uri(self) -> str:
        """Its path as records have it."""
        return str(Path(self.root) / self.sample.path)

    @property
    def file(self) -> Path:
        """The file that it lies in: FILE of FILE#NAME or of FILE/NAME; else the data's root."""
        path = Path(self.root) / self.sample.path
        for place in (path, *path.parents):
            for each in (place, place.parent / place.name.partition("#")[0]):
                if _is_file(each):
                    return each
        return Path(self.root)


PictureSource = Path | StoredImage
"""What can be shown."""
PictureFinder = Callable[[str], PictureSource]
"""Turns an image's path, as records have it, into what can be shown."""


def picture_finder(source: ImagePlace, sample_at: Callable[[str], Sample]) -> PictureFinder:
    """Return the function that finds what can be shown by an image's path.

    Args:
        source: The split, or feature cache, that the images are of.
        sample_at: Returns the sample of such a path.
    """
    try:
        if isinstance(READERS.get(source.reader), ImageFiles):
            return Path
    except RequestError:
        pass  # not installed; whoever opens an image is told
    return lambda path: StoredImage(source.root, source.reader, sample_at(path))


def decode_picture(source: PictureSource, side: int | None = None) -> Image.Image:
    """Decode what can be shown; see `engine.data.images.decode`.

    Raises:
        DataError: It cannot be read or decoded; the message is the bare reason.
        RequestError: The reader of its data is not installed.
    """
    if isinstance(source, Path):
        return decode(source, side)
    return open_image(source, source.sample, side)


def write_out(image: StoredImage, folder: Path) -> Path:
    """Copy an image's bytes, as they are, into a file of its own; return that file.

    Raises:
        DataError: The image cannot be read.
        RequestError: The reader of its data is not installed.
        StorageError: The folder cannot be written.
    """
    reader = READERS.get(image.reader)
    try:
        with reader.open(Path(image.root), image.sample) as file:
            content = file.read()
        ending = _ending(content)
    except EngineError:
        raise
    # a reader raises what its format's library raises: OSError, KeyError, tarfile.TarError, ...
    except Exception as error:
        raise DataError(f"{image.uri} cannot be read: {error}.") from error
    stem = re.sub(r"[^\w.-]", "_", Path(image.name.rpartition("#")[2]).stem)[:STEM_LENGTH]
    key = key_of((image.root, image.sample), 8)
    path = folder / f"{stem}_{key}{ending}"
    write_beside(path, lambda temporary: _write_bytes(temporary, content))
    return path


def _ending(content: bytes) -> str:
    """Return the ending of an image's format; none where it is not known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as image:
                return {"JPEG": ".jpg"}.get(image.format or "", f".{image.format}".lower())
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, a NUL byte
        return False


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
