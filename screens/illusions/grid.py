"""The drawings in a gallery, as large as all of them fit."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from textual.message import Message

from engine.schema.records import IllusionStep
from screens.illusions.state import Drawing, DrawingProgress, Drawings, cached, current
from screens.latest import LatestTask
from screens.widgets.gallery import Gallery, Tile
from screens.widgets.previews import display_of
from screens.widgets.text import Text

CAPTIONS = 4
LEAST_SIDE, MOST_SIDE = 12, 64


class DrawingGallery(Gallery):
    """A gallery of drawings as large as all of them fit, but no smaller than a minimum."""

    class Updated(Message):
        """There is a newer preview."""

    def __init__(self) -> None:
        super().__init__(captions=CAPTIONS, side=LEAST_SIDE)
        self._drawings: Drawings | None = None
        self._progress = DrawingProgress()
        self._stopped = False
        self._render_previews = LatestTask(self, self._cache, self._replace, self.notify)

    def update_drawings(self, drawings: Drawings, stopped: bool) -> None:
        """Show the drawings of a request.

        Args:
            drawings: The drawings.
            stopped: Whether no job continues with those that are missing.
        """
        before, self._drawings, self._stopped = self._drawings, drawings, stopped
        neurons = drawings.request.neurons
        if before is None or before.request.neurons != neurons:
            self.show(len(neurons), self._draw_tile, keys=neurons)
        self.refresh_tiles()

    def clear_progress(self) -> None:
        """Forget what a job has reported."""
        self._progress = DrawingProgress()

    def take(self, step: IllusionStep) -> bool:
        """Take a record of a job; return whether the disk may have more now."""
        began = self._progress.began(step)
        previews = self._progress.take(step)
        if previews:
            self._render_previews.start(self._progress, previews, self.side)
        if began or previews:
            self.refresh_tiles()
        return began or bool(previews)

    def drawing(self, neuron: int) -> Drawing:
        """Return a neuron's drawing as it is now."""
        if self._drawings is None:
            return Drawing(None, None, ())
        return current(self._drawings, self._progress, neuron, self._stopped)

    def _draw_tile(self, index: int) -> Tile:
        assert self._drawings is not None
        neuron = self._drawings.request.neurons[index]
        drawing = self.drawing(neuron)
        figures = [self._abbreviated(line) for line in drawing.figures]
        captions = [Text(str(neuron), style="bold"), *map(Text, figures)]
        selected = neuron in self._drawings.selected
        return Tile(drawing.picture, captions, selected, "no preview yet")

    def _abbreviated(self, line: str) -> str:
        """Shorten what a small tile would cut."""
        return line.replace("activation", "act.") if len(line) > self.side else line

    def _cache(
        self, progress: DrawingProgress, previews: dict[int, Path], side: int
    ) -> tuple[DrawingProgress, dict[int, Path]]:
        return progress, cached(previews, side, display_of(self))

    def _replace(self, rendered: tuple[DrawingProgress, dict[int, Path]]) -> None:
        progress, previews = rendered
        progress.replace(previews)
        self.refresh_tiles()
        self.post_message(self.Updated())

    def show(
        self,
        count: int,
        tile: Callable[[int], Tile],
        sections: Sequence[tuple[str, int]] = (),
        keys: Sequence[Hashable] | None = None,
    ) -> None:
        """Show other drawings, at the size that fits their number."""
        super().show(count, tile, sections, keys)
        self.refit()

    def refit(self) -> None:
        """Take the size that fits, or as much larger or smaller as asked."""
        sides = range(MOST_SIDE, LEAST_SIDE, -2)
        self.side = self.sized(next((side for side in sides if self._fits(side)), LEAST_SIDE))

    def _fits(self, side: int) -> bool:
        columns = (self.size.width - 1) // (side + 1)
        rows = -(-self.count // max(1, columns))
        return columns > 0 and rows * (side // 2 + CAPTIONS + 1) + 1 <= self.size.height
