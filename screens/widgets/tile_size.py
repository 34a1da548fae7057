"""How large the tiles of a gallery are: as its place suggests, and larger or smaller as asked."""

from textual.reactive import var

from screens.widgets.cursor import Cursor
from screens.widgets.slow_link import THUMBNAIL, on_slow_link

LEAST_SIDE = 8
STEP = 1.25
"""By how much one step makes tiles larger."""
NEARLY = 0.25
"""Of a tile: when less than this is missing, tiles become smaller for it."""
FEWEST_STEPS, MOST_STEPS = -4, 8


class SizedTiles(Cursor):
    """Has tiles of one size."""

    side: var[int] = var(16, init=False)
    """Cells across a picture, and pixels both ways; no more than 16 on a slow link."""

    def __init__(self, side: int, *, empty: str, id: str | None, classes: str | None) -> None:
        super().__init__(empty=empty, id=id, classes=classes)
        self.set_reactive(SizedTiles.side, side)
        self._suggested = side

    def fit(self, side: int) -> None:
        """Take the size that the place suggests, and make it larger or smaller as asked."""
        self._suggested = side
        self.refit()

    def refit(self) -> None:
        """Take the size again: another was asked for, or there is other room."""
        self.side = self.sized(self._suggested)

    @property
    def room(self) -> int:
        """The cells that tiles can take, each with its edge; without the scrollbar's, if any."""
        return self.size.width - self.styles.scrollbar_size_vertical - 1

    def sized(self, side: int) -> int:
        """Return a size as much larger or smaller as asked, or by which one more tile fits."""
        steps = int(getattr(self.app, "larger_tiles", 0))
        if not steps:
            return side
        width = self.room
        wanted = 2 * round(side * STEP**steps / 2)
        columns = max(1, int(width / (wanted + 1) + NEARLY))
        fits = max(width // columns - 1, side if columns == 1 else 0)
        return max(min(LEAST_SIDE, side), min(fits, wanted))

    def validate_side(self, side: int) -> int:
        """Keep thumbnails small on a slow link."""
        return min(side, THUMBNAIL) if on_slow_link(self) else side
