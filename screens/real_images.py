"""A neuron's real images: those that activate it most, and the mistakes."""

from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from engine.data.stored import PictureFinder
from engine.schema.records import Neuron, NeuronImage
from screens.widgets.gallery import Gallery, Tile
from screens.widgets.text import Label
from screens.words import counted

TOP = "top activating images"
LEAST_SIDE = 14
"""Cells across a picture, where the height allows it."""


class RealImages(Widget):
    """Two galleries side by side, with heat maps over the images where these are made.

    Args:
        focusable: Whether the galleries can have the cursor.
    """

    DEFAULT_CSS = """
    RealImages { layout: horizontal; width: 1fr; height: 1fr; }
    RealImages Vertical { width: 1fr; }
    RealImages #box-top { margin-right: 1; }
    RealImages .title {
        width: 1fr; height: 1; background: $panel; padding: 0 1; text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, focusable: bool = True) -> None:
        super().__init__()
        self._focusable = focusable

    def compose(self) -> ComposeResult:
        """Put a title above each gallery."""
        for where, title in (("top", TOP), ("wrong", "mistakes")):
            with Vertical(id=f"box-{where}"):
                yield Label(title, classes="title", id=f"title-{where}")
                gallery = Gallery(captions=1, empty="no mistakes" * (where == "wrong"), id=where)
                gallery.can_focus = self._focusable
                yield gallery

    def on_resize(self) -> None:
        """Let the pictures take the height there is, in two rows where that is enough."""
        rows = self.size.height - 1 - 3  # title, caption and edges
        half = rows // 2 - 1  # two rows of tiles share an edge
        if 2 * half >= LEAST_SIDE:
            rows = half
        across = max(LEAST_SIDE, self.size.width // 6 - 2)
        for gallery in self.query(Gallery):
            gallery.fit(max(LEAST_SIDE // 2, min(2 * rows, across)))

    def show(
        self,
        neuron: Neuron,
        picture_of: PictureFinder,
        *,
        heat_on_top: bool = False,
        heat_on_wrong: bool = True,
    ) -> None:
        """Show a neuron's images, which `picture_of` finds by their paths."""
        self._fill("top", neuron.top_images, heat_on_top, picture_of)
        self._fill("wrong", neuron.mistakes, heat_on_wrong, picture_of)
        top = " (heat)" if heat_on_top else ""
        self.query_one("#title-top", Label).update(f"{TOP}{top}")
        maps = any(image.heat for image in neuron.mistakes)
        wrong = "" if not heat_on_wrong else " (heat)" if maps else ", no heat maps yet"
        count = counted(len(neuron.mistakes), "mistake")
        self.query_one("#title-wrong", Label).update(f"{count}{wrong}")

    def _fill(
        self, where: str, images: Sequence[NeuronImage], heat: bool, picture_of: PictureFinder
    ) -> None:
        def tile(index: int) -> Tile:
            image = images[index]
            source = Path(image.heat) if heat and image.heat else picture_of(image.path)
            name = f"→ {image.predicted.name}" if where == "wrong" else image.true.name
            mark = "✗ " if image.true != image.predicted and where == "top" else ""
            return Tile(source, [f"{mark}{name} {image.activation:.1f}"])

        keys = [image.path for image in images]
        self.query_one(f"#{where}", Gallery).show(len(images), tile, keys=keys)
