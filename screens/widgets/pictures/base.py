"""What a picture renderer is, and the registry of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from engine.schema.registry import Registry

if TYPE_CHECKING:  # commands name the renderers, and need no Textual for it
    from textual.strip import Strip

BUILT_IN = "half"
"""Works in every terminal."""


@dataclass(frozen=True)
class Terminal:
    """What a renderer may know of the terminal."""

    environment: Mapping[str, str] = field(compare=False)
    """The process's, with `TERM`, `TERM_PROGRAM` and the like."""
    colors: str | None
    """As rich names them: `truecolor`, `256`, `standard`, or None without colours."""


class Renderer(Protocol):
    """Draws images with terminal cells. Called in a thread; keeps no state between images."""

    name: str

    def supported(self, terminal: Terminal) -> bool:
        """Tell whether a terminal shows what this renderer draws."""
        ...

    def density(self, terminal: Terminal) -> tuple[int, int]:
        """Return how many pixels of an image a cell shows, across and down."""
        ...

    def render(
        self, image: Image.Image, cells: tuple[int, int], terminal: Terminal
    ) -> "Sequence[Strip]":
        """Return an image in its own shape as rows of cells, all of one width.

        Args:
            image: Of any size and mode.
            cells: The most cells across and down that it may take.
            terminal: Where it is shown.
        """
        ...


RENDERERS: Registry[Renderer] = Registry(
    "screens.widgets.pictures", "neuroinspect_tui.pictures", "picture renderer"
)
"""Picture renderers: an image becomes rows of terminal cells. A new one is a file here."""
