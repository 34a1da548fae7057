"""Images on disk -> 8-bit RGB, as a person would see them, and back. No torch."""

import warnings
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from engine.io.atomic import write_beside
from engine.schema.errors import DataError

MAX_PIXELS = 178_956_970  # Pillow's own limit: above it a picture is taken for a bomb


def decode(path: Path, side: int | None = None) -> Image.Image:
    """Decode an image as a person would see it: 8-bit RGB, upright, transparency on white.

    With `side`, a JPEG may come out smaller, though not under `side` pixels each way, in
    less than half the time: 60 ms, not 160, for 12 megapixels.

    Raises:
        DataError: Empty, truncated, corrupt, or too large; the message is the bare reason.
    """
    try:
        if path.stat().st_size == 0:
            raise DataError("empty file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warnings: the bound below decides
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise DataError(f"too large: {image.width} x {image.height} pixels")
                if side is not None:
                    image.draft(None, (side, side))
                return _to_rgb(ImageOps.exif_transpose(image))
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError("too large: over 178 million pixels") from error
    except MemoryError as error:
        raise DataError("too large for the memory there is") from error
    # Pillow's decoders raise nearly anything on hostile input: SyntaxError, struct.error, ...
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"cannot be decoded: {first[:120]}") from error


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
    """Write a PNG beside, then rename; return its path.

    Raises:
        StorageError: The directory cannot be written.
    """
    write_beside(path, partial(picture.save, format="PNG"))
    return str(path)
