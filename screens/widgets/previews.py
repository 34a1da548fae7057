"""Images -> rows of cells, in one background thread, with a cache in memory."""

import threading
from asyncio import get_running_loop
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from textual.strip import Strip
from textual.widget import Widget

from engine.data.stored import PictureSource, StoredImage, decode_picture
from engine.schema.errors import EngineError
from screens.failures import sentence
from screens.widgets.pictures.base import BUILT_IN, RENDERERS, Terminal

CACHED_CELLS = 65_536
"""The cache's size, in cells of about 600 bytes: 512 thumbnails of 16 x 8."""
_ONE = ThreadPoolExecutor(1, thread_name_prefix="pictures")
"""One: with four such threads on two cores, keys lag 104 ms (p95)."""


ANYWHERE = Terminal({}, "truecolor")
"""A terminal of which nothing is known."""


@dataclass(frozen=True)
class Preview:
    """An image as rows of cells, or why there are none."""

    rows: Sequence[Strip]
    problem: str = ""
    """One sentence without its stop; empty where there are rows."""
    instead: str = ""
    """Shown where there are no rows, and no problem."""

    @property
    def width(self) -> int:
        """In cells."""
        return self.rows[0].cell_length if self.rows else 0

    @property
    def words(self) -> str:
        """What is shown where there are no rows."""
        return self.problem or self.instead


@dataclass(frozen=True)
class Display:
    """What draws pictures, and where they are seen."""

    renderer: str = BUILT_IN
    """A name in `RENDERERS`."""
    terminal: Terminal = ANYWHERE


HALF_BLOCKS = Display()


@dataclass(frozen=True)
class Box:
    """Where an image goes: what it is, the most cells it may take, and what draws it."""

    source: PictureSource
    width: int
    height: int
    display: Display = HALF_BLOCKS


class PreviewCache:
    """The previews used last, by box, each with the state of its file when it was read."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Box, tuple[tuple[int, int], Preview]] = OrderedDict()
        self.cells = 0
        """The cells that all entries take together."""
        self._lock = threading.Lock()

    def get(self, box: Box) -> tuple[tuple[int, int], Preview] | None:
        """Return an entry, which is then the last to be dropped."""
        with self._lock:
            if box in self._entries:
                self._entries.move_to_end(box)
            return self._entries.get(box)

    def put(self, box: Box, state: tuple[int, int], preview: Preview) -> None:
        """Add an entry, and drop the oldest beyond `CACHED_CELLS`."""
        with self._lock:
            self._drop(box)
            self._entries[box] = (state, preview)
            self.cells += box.width * box.height
            while self.cells > CACHED_CELLS and len(self._entries) > 1:
                self._drop(next(iter(self._entries)))

    def _drop(self, box: Box) -> None:
        if self._entries.pop(box, None) is not None:
            self.cells -= box.width * box.height


cache = PreviewCache()


def display_of(widget: Widget) -> Display:
    """Return what the app draws pictures with; other apps draw half blocks."""
    display: Display = getattr(widget.app, "display_pictures", HALF_BLOCKS)
    return display


def cached(box: Box) -> Preview | None:
    """Return what was last drawn for a box, without reading the disk."""
    entry = cache.get(box)
    return None if entry is None else entry[1]


async def drawn(box: Box) -> Preview:
    """Draw a box in the background, or return its cached preview if its file is unchanged."""
    return await get_running_loop().run_in_executor(_ONE, draw, box)


def draw(box: Box) -> Preview:
    """Draw a box in this thread; reads the disk."""
    source = box.source
    try:
        stat = (source.file if isinstance(source, StoredImage) else source).stat()
    except OSError:
        return Preview((), f"{source.name} does not exist")
    state = (stat.st_mtime_ns, stat.st_size)
    entry = cache.get(box)
    if entry is not None and entry[0] == state:
        return entry[1]
    try:
        renderer, terminal = RENDERERS.get(box.display.renderer), box.display.terminal
        across, down = renderer.density(terminal)
        # twice the pixels shown: the rest of the way is LANCZOS
        image = decode_picture(source, side=2 * max(box.width * across, box.height * down))
        rows = renderer.render(image, (box.width, box.height), terminal)
        preview = Preview(rows, instead="" if rows else source.name)
    except EngineError as error:
        reason = str(error).removeprefix("cannot be decoded: ")
        preview = Preview((), f"cannot read {source.name}: {reason}")
    except Exception as error:  # noqa: BLE001  one picture must not end the app
        return Preview((), f"cannot read {source.name}: {sentence(error)}")
    cache.put(box, state, preview)
    return preview
