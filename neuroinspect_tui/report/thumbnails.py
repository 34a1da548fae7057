"""Pictures as data URIs, as large as all of them together may be. No torch."""

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from engine.data.stored import decode_picture
from engine.schema.errors import EngineError
from neuroinspect_tui.report.facts import Shot

SIDES = (320, 224, 160, 128, 96, 72, 56)
"""Pixels of a thumbnail's longer side, the largest that fits being taken for all."""
CHARACTERS = 3_400_000
"""What all pictures of a page may take, in base64: the page is to stay below 5 MB."""
QUALITY = 78


@dataclass(frozen=True)
class Thumbnail:
    """A picture on the page."""

    uri: str
    """`data:`; empty where it cannot be read."""
    width: int = 0
    height: int = 0
    reason: str = ""
    """Why it cannot be read."""


def thumbnails(shots: Sequence[Shot], characters: int = CHARACTERS) -> dict[str, Thumbnail]:
    """Return the thumbnail of every picture by its key.

    Args:
        shots: The pictures, one for each place: one that stands twice counts twice.
        characters: What they may take together. Where even the smallest side takes more, that is
            taken.
    """
    uses = Counter(shot.key for shot in shots)
    ladders = {shot.key: _ladder(shot) for shot in {shot.key: shot for shot in shots}.values()}
    for step in range(len(SIDES)):
        found = {key: ladder[min(step, len(ladder) - 1)] for key, ladder in ladders.items()}
        if sum(len(found[key].uri) * count for key, count in uses.items()) <= characters:
            break
    return found if shots else {}


def _ladder(shot: Shot) -> list[Thumbnail]:
    """Return a picture at every side that is not larger than itself."""
    try:
        picture = decode_picture(shot.source, SIDES[0])
    except EngineError as error:
        return [Thumbnail("", reason=str(error))]
    found = []
    for side in SIDES:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        found.append(_encoded(picture))
    return found


def _encoded(picture: Image.Image) -> Thumbnail:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY)
    text = base64.b64encode(file.getvalue()).decode()
    return Thumbnail(f"data:image/webp;base64,{text}", picture.width, picture.height)
