"""How drawings hang: as large as all of them fit."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from rich.text import Text
from textual.message import Message

from engine.schema.records import IllusionStep
from screens.illusions.state import Canvas, Easel, Wall, seen, stand
from screens.latest import Asker
from screens.widgets.gallery import Gallery, Tile

CAPTIONS = 4
LEAST_SIDE, MOST_SIDE = 12, 64


class Hanging(Gallery):
    """A gallery of drawings as large as all of them fit, or failing that small ones."""

    class Sharpened(Message):
        """There is something newer to see."""

    def __init__(self) -> None:
        super().__init__(captions=CAPTIONS, side=LEAST_SIDE)
        self._wall: Wall | None = None
        self._easel = Easel()
        self._stopped = False
        self._drying = Asker(self, self._dry, self._hang, self.notify)

    def hang(self, wall: Wall, stopped: bool) -> None:
        """Show the drawings of a wish.

        Args:
            wall: The drawings.
            stopped: Whether nobody goes on with those that are missing.
        """
        before, self._wall, self._stopped = self._wall, wall, stopped
        neurons = wall.wish.neurons
        if before is None or before.wish.neurons != neurons:
            self.show(len(neurons), self._draw_tile, keys=neurons)
        self.refresh_tiles()

    def clear_easel(self) -> None:
        """Forget what a job told."""
        self._easel = Easel()

    def take(self, step: IllusionStep) -> bool:
        """Take what a job tells; return whether the disk may have more now."""
        began = self._easel.began(step)
        previews = self._easel.take(step)
        if previews:
            self._drying.ask(self._easel, previews, self.side)
        if began or previews:
            self.refresh_tiles()
        return began or bool(previews)

    def canvas(self, neuron: int) -> Canvas:
        """Return a neuron's drawing as it stands."""
        if self._wall is None:
            return Canvas(None, None, ())
        return stand(self._wall, self._easel, neuron, self._stopped)

    def _draw_tile(self, index: int) -> Tile:
        assert self._wall is not None
        neuron = self._wall.wish.neurons[index]
        canvas = self.canvas(neuron)
        captions = [Text(str(neuron), style="bold"), *map(Text, canvas.figures)]
        return Tile(canvas.picture, captions, neuron in self._wall.selected, "nothing to see yet")

    def _dry(
        self, easel: Easel, previews: dict[int, Path], side: int
    ) -> tuple[Easel, dict[int, Path]]:
        return easel, seen(previews, side)

    def _hang(self, dried: tuple[Easel, dict[int, Path]]) -> None:
        easel, previews = dried
        easel.hang(previews)
        self.refresh_tiles()
        self.post_message(self.Sharpened())

    def show(
        self,
        count: int,
        tile: Callable[[int], Tile],
        sections: Sequence[tuple[str, int]] = (),
        keys: Sequence[Hashable] | None = None,
    ) -> None:
        """Show other drawings, at the size that suits their number."""
        super().show(count, tile, sections, keys)
        self._fit()

    def on_resize(self) -> None:
        """Draw at the size that suits the place; the gallery itself lays out."""
        self._fit()

    def _fit(self) -> None:
        sides = range(MOST_SIDE, LEAST_SIDE, -2)
        self.side = next((side for side in sides if self._fits(side)), LEAST_SIDE)

    def _fits(self, side: int) -> bool:
        columns = (self.size.width - 1) // (side + 1)
        rows = -(-self.count // max(1, columns))
        return columns > 0 and rows * (side // 2 + CAPTIONS + 1) + 1 <= self.size.height
