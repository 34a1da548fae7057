"""What picture renderers of real pixels share: a terminal that says it can, and stored pictures."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from screens.widgets.pixels.painter import CELL, Painter
from screens.widgets.pixels.store import PictureRows, PixelPicture, pictured, store

if TYPE_CHECKING:  # the kinds import this
    from screens.widgets.pictures.base import Terminal


class PreparingPainter(Painter, Protocol):
    """A painter that can do some of a picture's work before it is drawn."""

    def prepare(self, picture: PixelPicture) -> None:
        """Encode a picture."""
        ...


class Pixels(ABC):
    """Draws with a terminal's own protocol; a subclass says what paints it."""

    name: str
    """The protocol, as `Terminal.graphics` has it."""

    def supported(self, terminal: "Terminal") -> bool:
        """Tell whether the terminal said that it shows this."""
        return self.name in terminal.graphics and terminal.colors is not None

    def density(self, terminal: "Terminal") -> tuple[int, int]:
        """Return the pixels of a cell."""
        return terminal.cell or CELL

    def render(
        self, image: Image.Image, cells: tuple[int, int], terminal: "Terminal"
    ) -> PictureRows:
        """Return cells that stand for an image at the size that fits `cells`."""
        picture = pictured(image, cells, self.density(terminal))
        self.painter(terminal).prepare(picture)
        return store.rows(picture)

    @abstractmethod
    def painter(self, terminal: "Terminal") -> PreparingPainter:
        """Return what draws it."""
