"""Encoded images -> 8-bit RGB, as a person or as the model sees them, and back to disk. No torch.

The model sees what timm's loader gives: `Image.convert("RGB")`, not turned by EXIF, transparency
dropped, 16 bits clipped; otherwise accuracy would not be that of timm's own validation.
"""

import io
import warnings
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import numpy as np
from PIL import Image, ImageOps

from engine.data.readers import READERS
from engine.data.readers.base import Sample
from engine.io.atomic import write_beside
from engine.schema.errors import DataError

T = TypeVar("T")
ORIENTATION = 0x0112
MAX_PIXELS = 178_956_970  # Pillow's own limit; an image above it is refused as a bomb


class Difference(StrEnum):
    """In what the model's view of an image differs from a person's."""

    TURNED = "turned"
    """EXIF says that the picture is turned; timm's loader does not turn it."""
    TRANSPARENT = "transparent"
    """It has transparency, which timm's loader drops."""
    DEEP = "deep"
    """It has more than 8 bits a channel, which timm's loader clips."""


class ImagePlace(Protocol):
    """Where images lie and which reader opens them."""

    @property
    def root(self) -> str:
        """What the paths of samples are relative to."""

    @property
    def reader(self) -> str:
        """The reader's name."""


class ImageSource(ImagePlace, Protocol):
    """That, and how the model sees the images: a split, or a feature cache."""

    @property
    def exif(self) -> bool:
        """Whether the model sees images turned as their EXIF says."""

    @property
    def background(self) -> str | None:
        """What transparency is laid on for the model; None: dropped."""


def open_image(source: ImagePlace, sample: Sample, side: int | None = None) -> Image.Image:
    """Decode an image of a split for people, through the reader of its data; see `decode`.

    Raises:
        DataError: It cannot be read or decoded; the message is the bare reason.
        RequestError: The reader is not installed.
    """
    return _opened(source, sample, partial(_decode, render=for_people, side=side))


def open_for_model(
    source: ImageSource, sample: Sample
) -> tuple[Image.Image, tuple[Difference, ...]]:
    """Decode an image of a split as the model sees it; and in what that differs from a person.

    Raises:
        DataError: It cannot be read or decoded; the message is the bare reason.
        RequestError: The reader is not installed.
    """
    render = partial(for_model, exif=source.exif, background=source.background)
    return _opened(source, sample, partial(_decode, render=render))


def _opened(source: ImagePlace, sample: Sample, read: Callable[[BinaryIO], T]) -> T:
    reader = READERS.get(source.reader)
    try:
        with reader.open(Path(source.root), sample) as file:
            return _guarded(read, file)
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
    read = partial(_decode, render=for_people, side=side)
    if isinstance(source, bytes):
        return _guarded(read, io.BytesIO(source))
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                return _guarded(read, file)
        except (OSError, ValueError) as error:
            raise _refusal(error) from error
    return _guarded(read, source)


def _guarded(read: Callable[[BinaryIO], T], file: BinaryIO) -> T:
    try:
        return read(file)
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


def _decode(file: BinaryIO, render: Callable[[Image.Image], T], side: int | None = None) -> T:
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
            return render(image)


def for_people(image: Image.Image) -> Image.Image:
    """Render an image as a person would see it: upright, transparency on white, 16 bits scaled."""
    upright = ImageOps.exif_transpose(image)
    if _is_deep(upright):
        values = np.asarray(upright, dtype=np.float64)
        # 16-bit files open as I;16 or I; a plain `convert` clips them to white
        if upright.mode != "F" and values.max(initial=0) > 255:
            values = values / 257
        elif upright.mode == "F" and values.max(initial=0) <= 1:
            values = values * 255
        return Image.fromarray(values.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    return _laid_on(upright, "white") if _is_transparent(upright) else upright.convert("RGB")


def for_model(
    image: Image.Image, *, exif: bool, background: str | None
) -> tuple[Image.Image, tuple[Difference, ...]]:
    """Render an image as timm's loader does; and in what that differs from a person's view."""
    found = []
    if image.getexif().get(ORIENTATION, 1) in range(2, 9):
        if exif:
            image = ImageOps.exif_transpose(image)
        else:
            found.append(Difference.TURNED)
    if _is_deep(image):
        found.append(Difference.DEEP)
    if not _is_transparent(image):
        return image.convert("RGB"), tuple(found)
    if background is not None:
        return _laid_on(image, background), tuple(found)
    return image.convert("RGB"), (*found, Difference.TRANSPARENT)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _is_transparent(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info


def _laid_on(image: Image.Image, color: str) -> Image.Image:
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, color), layered).convert("RGB")


def write_picture(picture: Image.Image, path: Path) -> str:
    """Write a PNG, whole or not at all; return its path.

    Raises:
        StorageError: The directory cannot be written.
    """
    write_beside(path, partial(picture.save, format="PNG"))
    return str(path)
