"""Columns, cells and lines of a table: what fits, as text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from screens.shown import shown
from screens.widgets.text import Text

GAP = 2
Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Column:
    """A column; `width` is in cells, and the least a flexible one gets."""

    title: str
    width: int
    align: Align = "left"
    flex: bool = False
    """Takes a share of what the others leave."""
    drop: int = 0
    """The highest goes first when the table is narrow; 0 stays."""


@lru_cache(maxsize=64)
def fitted(columns: tuple[Column, ...], width: int) -> tuple[tuple[int, int], ...]:
    """Return (index, cells) of the columns shown in `width` cells, left to right."""
    shown = list(range(len(columns)))
    while _needed(columns, shown) > width and any(columns[i].drop for i in shown):
        shown.remove(max(shown, key=lambda i: (columns[i].drop, i)))
    flexible = [i for i in shown if columns[i].flex]
    spare = max(0, width - _needed(columns, shown))
    share, rest = divmod(spare, len(flexible)) if flexible else (0, 0)
    extra = {i: share + (place < rest) for place, i in enumerate(flexible)}
    return tuple((i, columns[i].width + extra.get(i, 0)) for i in shown)


def _needed(columns: Sequence[Column], shown: Sequence[int]) -> int:
    return sum(columns[i].width for i in shown) + GAP * (len(shown) - 1)


def line(
    columns: Sequence[Column], cells: Sequence[Text | str], fit: Sequence[tuple[int, int]]
) -> Text:
    """Return one line of text: the cells that fit, aligned, cut with an ellipsis."""
    pieces = [fit_in(cells[i], width, columns[i].align) for i, width in fit]
    return Text(" " * GAP).join(pieces)


def header(
    columns: Sequence[Column], fit: Sequence[tuple[int, int]], sort: tuple[str, bool] | None
) -> Text:
    """Return the line of titles; ▼ (descending) or ▲ by the sorted one, if need be in the gap."""
    titles = line(columns, [column.title for column in columns], fit)
    start = 0
    for i, width in fit:
        column = columns[i]
        if sort is not None and column.title == sort[0]:
            spare = max(0, width - len(column.title))
            before = {"left": 0, "center": spare // 2, "right": spare}[column.align]
            after = start + before + min(width, len(column.title))
            place = max(0, start + before - 1) if column.align == "right" else after
            mark = "▼" if sort[1] else "▲"
            return titles[:place] + Text(mark) + titles[place + 1 :]
        start += width + GAP
    return titles


def fit_in(content: Text | str, width: int, align: Align = "left") -> Text:
    """Return one line of text, aligned in `width` cells, cut with an ellipsis."""
    text = one_line(content)
    text.truncate(width, overflow="ellipsis")
    text.align(align, width)
    return text


def one_line(content: Text | str) -> Text:
    """Return a copy as one line."""
    if isinstance(content, str):
        return Text(content)
    text = content.copy()
    text.plain = shown(text.plain)
    return text
