"""Encoded images -> 8-bit RGB, as a person would see them, and back to disk. No torch."""

import io
import warnings
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from PIL import Image, ImageOps

from engine.data.readers import READERS
from engine.data.readers.base import Sample
from engine.io.atomic import write_beside
from engine.schema.errors import DataError

MAX_PIXELS = 178_956_970  # Pillow's own limit; an image above it is refused as a bomb


class ImageSource(Protocol):
    """Where images lie and which reader opens them: a split, or a feature cache."""

    @property
    def root(self) -> str:
        """What the paths of samples are relative to."""

    @property
    def reader(self) -> str:
        """The reader's name."""


def open_image(source: ImageSource, sample: Sample, side: int | None = None) -> Image.Image:
    """Decode an image of a split, through the reader of its data; see `decode`.

    Raises:
        DataError: It cannot be read or decoded; the message is the bare reason.
        RequestError: The reader is not installed.
    """
    reader = READERS.get(source.reader)
    try:
        with reader.open(Path(source.root), sample) as file:
            return decode(file, side)
    except DataError:
        raise
    # a reader raises what its format's library raises: OSError, KeyError, tarfile.TarError, ...
    except Exception as error:
        raise _refusal(error) from error


def decode(source: Path | bytes | BinaryIO, side: int | None = None) -> Image.Image:
    """Decode an image as a person would see it: 8-bit RGB, upright, transparency on white.

    Args:
        source: An image file, the bytes of one, or one that is open and seekable.
        side: Where given, a JPEG may come out smaller, though not under so many pixels each way,
            in less than half the time: 60 ms instead of 160 ms for 12 megapixels.

    Raises:
        DataError: Empty, truncated, corrupt, or too large; the message is the bare reason.
    """
    try:
        if isinstance(source, bytes):
            return _decode(io.BytesIO(source), side)
        if isinstance(source, Path):
            with source.open("rb") as file:
                return _decode(file, side)
        return _decode(source, side)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError("too large: over 178 million pixels") from error
    except MemoryError as error:
        raise DataError("too large for the free memory") from error
    # Pillow's decoders raise nearly anything on hostile input: SyntaxError, struct.error, ...
    except Exception as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> DataError:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"cannot be decoded: {first[:120]}")


def _decode(file: BinaryIO, side: int | None) -> Image.Image:
    if not file.read(1):
        raise DataError("empty file")
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own warnings: the bound below decides
        with Image.open(file) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f"too large: {image.width} x {image.height} pixels")
            if side is not None:
                image.draft(None, (side, side))
            return _to_rgb(ImageOps.exif_transpose(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        # 16-bit files open as I;16 or I; a plain `convert` clips them to white
        if image.mode != "F" and values.max(initial=0) > 255:
            values = values / 257
        elif image.mode == "F" and values.max(initial=0) <= 1:
            values = values * 255
        return Image.fromarray(values.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    return image.convert("RGB")


def write_picture(picture: Image.Image, path: Path) -> str:
    """Write a PNG, whole or not at all; return its path.

    Raises:
        StorageError: The directory cannot be written.
    """
    write_beside(path, partial(picture.save, format="PNG"))
    return str(path)
