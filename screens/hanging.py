"""How drawings hang: as large as all of them fit; and how to fetch one."""

import getpass
import platform
import shlex
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from screens.widgets.gallery import Gallery, Tile

CAPTIONS = 4
LEAST_SIDE, MOST_SIDE = 12, 64


class Hanging(Gallery):
    """A gallery of pictures as large as all of them fit, or failing that small ones."""

    def __init__(self) -> None:
        super().__init__(captions=CAPTIONS, side=LEAST_SIDE)

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


def scp(path: Path) -> str:
    """Return the command that fetches a file from here."""
    user, there = getpass.getuser(), shlex.quote(str(path.resolve()))
    return f"scp {user}@{platform.node()}:{there} ."
