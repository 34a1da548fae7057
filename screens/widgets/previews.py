"""Pictures on disk -> cells, in one background thread, remembered while there is room."""

import threading
from asyncio import get_running_loop
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from textual.strip import Strip

from engine.data.images import decode
from engine.schema.errors import DataError
from screens.widgets.halfblocks import cells

KEPT_CELLS = 65_536
"""What is remembered, in cells of about 600 bytes: 512 thumbnails of 16 x 8."""
_ONE = ThreadPoolExecutor(1, thread_name_prefix="pictures")
"""One: with four threads of this on two cores, keys lag 104 ms (p95)."""


@dataclass(frozen=True)
class Preview:
    """A picture as rows of cells, or why there are none."""

    rows: tuple[Strip, ...]
    problem: str = ""
    """One sentence without its stop; empty for a picture."""

    @property
    def width(self) -> int:
        """In cells."""
        return self.rows[0].cell_length if self.rows else 0


@dataclass(frozen=True)
class Box:
    """Where a picture goes: a file, and the most cells it may take."""

    path: Path
    width: int
    height: int


class _Memory:
    """The previews used last, by box, each with the state of its file when it was read."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Box, tuple[tuple[int, int], Preview]] = OrderedDict()
        self._cells = 0
        self._lock = threading.Lock()

    def get(self, box: Box) -> tuple[tuple[int, int], Preview] | None:
        with self._lock:
            if box in self._kept:
                self._kept.move_to_end(box)
            return self._kept.get(box)

    def put(self, box: Box, state: tuple[int, int], preview: Preview) -> None:
        with self._lock:
            self._drop(box)
            self._kept[box] = (state, preview)
            self._cells += box.width * box.height
            while self._cells > KEPT_CELLS and len(self._kept) > 1:
                self._drop(next(iter(self._kept)))

    def _drop(self, box: Box) -> None:
        if self._kept.pop(box, None) is not None:
            self._cells -= box.width * box.height


_memory = _Memory()


def remembered(box: Box) -> Preview | None:
    """Return what was last drawn for a box, without looking at the disk."""
    kept = _memory.get(box)
    return None if kept is None else kept[1]


async def drawn(box: Box) -> Preview:
    """Draw a box in the background, or return what is remembered if its file is unchanged."""
    return await get_running_loop().run_in_executor(_ONE, draw, box)


def draw(box: Box) -> Preview:
    """Draw a box here and now: reads the disk."""
    try:
        stat = box.path.stat()
    except OSError:
        return Preview((), f"{box.path.name} is not there")
    state = (stat.st_mtime_ns, stat.st_size)
    kept = _memory.get(box)
    if kept is not None and kept[0] == state:
        return kept[1]
    try:
        # twice the pixels shown: the rest of the way is LANCZOS
        image = decode(box.path, side=2 * max(box.width, 2 * box.height))
        preview = Preview(tuple(cells(image, box.width, box.height)))
    except DataError as error:
        reason = str(error).removeprefix("cannot be decoded: ")
        preview = Preview((), f"cannot read {box.path.name}: {reason}")
    _memory.put(box, state, preview)
    return preview
