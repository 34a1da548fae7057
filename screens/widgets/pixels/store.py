"""The pictures that cells stand for, as long as anything shows them."""

import itertools
import threading
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field

from PIL import Image
from rich.segment import Segment
from textual.strip import Strip

from screens.widgets.pixels.placeholders import MOST, NUMBERS, row_text
from screens.widgets.scaling import fitted, scaled


@dataclass(eq=False)
class PixelPicture:
    """An image at the size of its cells."""

    image: Image.Image
    """RGB."""
    columns: int
    rows: int
    cell: tuple[int, int]
    """Pixels of a cell, across and down."""
    protocol: str = ""
    """What it was made for."""
    number: int = -1
    """By which cells name it."""
    escapes: dict[object, str] = field(default_factory=dict)
    """What draws parts of it, made in advance."""


class PictureRows(tuple[Strip, ...]):
    """Rows of cells that stand for a picture, which exists as long as they do."""

    picture: PixelPicture


class PictureStore:
    """Pictures by number."""

    def __init__(self) -> None:
        self._pictures: weakref.WeakValueDictionary[int, PixelPicture] = (
            weakref.WeakValueDictionary()
        )
        self._numbers = itertools.cycle(range(NUMBERS))
        self._lock = threading.Lock()

    def get(self, number: int) -> PixelPicture | None:
        """Return a picture; None when nothing shows it any more."""
        return self._pictures.get(number)

    def rows(self, picture: PixelPicture) -> PictureRows:
        """Take a picture, and return the cells that stand for it."""
        with self._lock:
            picture.number = next(n for n in self._numbers if n not in self._pictures)
            self._pictures[picture.number] = picture
        strips = (
            Strip([Segment(row_text(picture.number, row, picture.columns))], picture.columns)
            for row in range(picture.rows)
        )
        rows = PictureRows(strips)
        rows.picture = picture
        return rows

    def gone(self, numbers: Iterable[int]) -> list[int]:
        """Return those of some pictures that nothing shows any more."""
        return [number for number in numbers if number not in self._pictures]


store = PictureStore()


def pictured(image: Image.Image, cells: tuple[int, int], cell: tuple[int, int]) -> PixelPicture:
    """Return an image in its own shape at the size that fits `cells` of `cell` pixels each."""
    most = min(cells[0], MOST), min(cells[1], MOST)
    columns, rows = fitted(image.size, most, cell[1] / cell[0])
    return PixelPicture(scaled(image, (columns * cell[0], rows * cell[1])), columns, rows, cell)
