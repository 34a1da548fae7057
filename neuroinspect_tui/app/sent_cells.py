"""What the terminal shows already is not sent again: Textual sends a new screen up to six times.

It draws all of it as it is opened, once its footer is known, and once its size is: with sixels,
each time costs a megabyte.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rich.cells import cell_len
from textual._ansi_sequences import SYNC_END, SYNC_START

from screens.widgets.pixels.placeholders import DIGITS, PLACEHOLDER

SECONDS = 2.0
"""How long a line is trusted to be as it was sent: what other programs write is drawn over then."""
_MOVE = re.compile(r"\x1b\[(\d+);(\d+)H")
"""Moves the cursor to a line and a column, as every piece of what Textual draws begins."""
_RUN = re.compile(r"(\x1b\[[\d;]*m)([^\x1b]*)\x1b\[0m|([^\x1b]+)")
"""Text in one style, which is reset after it; or in none."""
_CHARACTER = re.compile(f"{PLACEHOLDER}[{DIGITS}]{{4}}|.", re.DOTALL)
_RESET = "\x1b[0m"


@dataclass(frozen=True)
class _Run:
    """Neighbouring cells in one style."""

    style: str
    cells: list[str]
    """A style and a character each; empty for the second cell of a character that takes two."""

    @property
    def pictures(self) -> bool:
        """Whether parts of pictures are among them, which cost more than all text."""
        return any(PLACEHOLDER in cell for cell in self.cells)

    def sent(self, first: int, end: int) -> str:
        """Return what draws the cells from one up to another."""
        text = "".join(cell.removeprefix(self.style) for cell in self.cells[first:end])
        return f"{self.style}{text}{_RESET}" if self.style else text


@dataclass
class _Line:
    """The cells of a line of the terminal, as far as they are known."""

    since: float
    cells: list[str | None] = field(default_factory=list)
    """None where anything may be."""

    def changes(self, at: int, runs: list[_Run]) -> Iterator[tuple[int, int, str]]:
        """Write runs of cells from a place on; yield where what differs begins and ends, and it."""
        for run in runs:
            end = at + len(run.cells)
            self.cells += [None] * (end - len(self.cells))
            if self.cells[at:end] != run.cells:
                first, last = self._differing(at, run.cells) if run.pictures else (0, end - at)
                yield at + first, at + last, run.sent(first, last)
                self._put(at, run.cells)
            at = end

    def _differing(self, at: int, cells: list[str]) -> tuple[int, int]:
        """Return where cells begin to differ from what is known, and where they end to."""
        known = self.cells[at : at + len(cells)]
        places = [i for i, (old, new) in enumerate(zip(known, cells, strict=True)) if old != new]
        first, last = places[0], places[-1] + 1
        while cells[first] == "":  # the second cell of a character
            first -= 1
        while last < len(cells) and cells[last] == "":
            last += 1
        return first, last

    def _put(self, at: int, cells: list[str]) -> None:
        before, end = at, at + len(cells)
        while self.cells[before] == "" and before > 0:  # of a character that is cut in two
            before -= 1
            self.cells[before] = None
        self.cells[at:end] = cells
        while end < len(self.cells) and self.cells[end] == "":
            self.cells[end] = None
            end += 1


class SentCells:
    """What was last written on each line of the terminal.

    Args:
        now: The time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lines: dict[str, _Line] = {}

    def forget(self) -> None:
        """Take the terminal for anything: all that comes is sent."""
        self._lines.clear()

    def unsent(self, text: str) -> str:
        """Return what Textual writes without what would change nothing."""
        if text in (SYNC_START, SYNC_END):
            return text
        start, *rest = _MOVE.split(text)
        if start:  # whatever it is, it may clear the screen
            self.forget()
        kept = [start]
        for line, column, written in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            if drawn := written.rstrip("\n"):
                kept += self._changed(line, int(column), drawn)
        if rest and not rest[-1]:
            kept.append(f"\x1b[{rest[-3]};{rest[-2]}H")  # where the cursor stays
        return "".join(kept)

    def _changed(self, line: str, column: int, drawn: str) -> Iterator[str]:
        runs = _runs(drawn)
        if runs is None:
            self._lines.pop(line, None)
            yield f"\x1b[{line};{column}H{drawn}"
            return
        known = self._lines.get(line)
        if known is None or self._now() - known.since >= SECONDS:
            known = self._lines[line] = _Line(self._now())
        cursor = None
        for first, end, change in known.changes(column - 1, runs):
            yield change if first == cursor else f"\x1b[{line};{first + 1}H{change}"
            cursor = end


def _runs(drawn: str) -> list[_Run] | None:
    """Return the runs of a piece; None where it has other escapes than those of styles."""
    found = list(_RUN.finditer(drawn))
    if sum(len(run.group()) for run in found) != len(drawn):
        return None
    runs, plain = list[_Run](), "".join(run[2] or run[3] or "" for run in found)
    for run in found:
        style, cells = run[1] or "", list[str]()
        for character in _CHARACTER.findall(run[2] or run[3] or ""):
            width = cell_len(character)
            if not width:  # terminals differ in how wide what it joins is: sent as a whole
                return [_Run("", [drawn, *[""] * (cell_len(plain) - 1)])]
            cells += [style + character, *[""] * (width - 1)]
        runs.append(_Run(style, cells))
    return runs
