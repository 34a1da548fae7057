"""What a picture renderer is, and the registry of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PIL import Image

from engine.schema.registry import Registry

if TYPE_CHECKING:  # commands name the renderers, and need no Textual for it
    from textual.strip import Strip

    from screens.widgets.pixels.painter import Painter

BUILT_IN = "half"
"""Works in every terminal."""


@dataclass(frozen=True)
class Terminal:
    """What a renderer may know of the terminal."""

    environment: Mapping[str, str] = field(compare=False)
    """The process's, with `TERM`, `TERM_PROGRAM` and the like."""
    colors: str | None
    """As rich names them: `truecolor`, `256`, `standard`, or None without colours."""
    name: str = ""
    """As it calls itself, with its version, such as `XTerm(379)`; empty where it does not say."""
    graphics: frozenset[str] = frozenset()
    """The protocols for pictures that it has: `kitty`, `sixel`, `iterm`."""
    cell: tuple[int, int] | None = None
    """The pixels of a cell, across and down, where it says so."""
    tmux: bool = False
    """Whether tmux is between, and passes on what is marked for the terminal."""
    light: bool = False
    """Whether it says that its background is light."""

    def called(self, *names: str) -> bool:
        """Tell whether the terminal is one of these, by its own word or the environment's."""
        known = (self.environment.get(key, "") for key in ("TERM", "TERM_PROGRAM", "LC_TERMINAL"))
        calls_itself = " ".join((self.name, *known)).lower()
        return any(name in calls_itself for name in names)


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


@runtime_checkable
class PixelRenderer(Renderer, Protocol):
    """Draws pixels: its cells only stand for parts of pictures."""

    def painter(self, terminal: Terminal) -> "Painter":
        """Return what draws them within what Textual writes."""
        ...


RENDERERS: Registry[Renderer] = Registry(
    "screens.widgets.pictures", "neuroinspect_tui.pictures", "picture renderer"
)
"""Picture renderers: an image becomes rows of terminal cells. A new one is a file here."""
