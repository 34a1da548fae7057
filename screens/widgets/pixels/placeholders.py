"""Cells of text that stand for parts of pictures. Pure.

A cell is kitty's placeholder character, followed by four combining characters: the row and the
column of the picture that the cell shows, and the number of the picture in two digits. Its width is
one cell, so that layers, scrolling and cutting move it like any text, and what reaches the terminal
in the end says which part of which picture is seen where.

https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

PLACEHOLDER = "\U0010eeee"
_RANGES = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1
5a8-5a9 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733
735-736 73a 73d 73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951
953-954 f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0
1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0
2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1
fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""
"""kitty's rowcolumn-diacritics.txt."""


def _listed(ranges: str) -> str:
    found = ""
    for words in ranges.split():
        first, _, last = words.partition("-")
        found += "".join(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return found


DIGITS = _listed(_RANGES)
"""Combining characters that stand for 0 to 296."""
MOST = len(DIGITS)
"""Rows, and columns, that a picture can have."""
NUMBERS = MOST**2
"""How many pictures can be told apart."""
_VALUES = {digit: value for value, digit in enumerate(DIGITS)}
_RUN = re.compile(rf"\x1b\[(?P<line>\d+);\d+H|(?:{PLACEHOLDER}[{DIGITS}]{{4}})+")
"""Cells, or what moves the cursor to a line."""


@dataclass(frozen=True)
class Part:
    """Neighbouring cells of a row of a picture."""

    number: int
    """The picture's, 0 to `NUMBERS` - 1."""
    row: int
    first: int
    """Its first column."""
    count: int
    """Its columns."""


def row_text(number: int, row: int, columns: int) -> str:
    """Return the cells of a row of a picture."""
    high, low = divmod(number, MOST)
    end = DIGITS[high] + DIGITS[low]
    return "".join(PLACEHOLDER + DIGITS[row] + DIGITS[column] + end for column in range(columns))


def replaced(text: str, draw: Callable[[Part, int], str]) -> str:
    """Return text with what `draw` returns in place of each part of a picture.

    Its second argument is the line that the part is on, from 1; 0 where the text does not say.
    """
    if PLACEHOLDER not in text:
        return text
    line = 0

    def swap(found: re.Match[str]) -> str:
        nonlocal line
        if found["line"]:
            line = int(found["line"])
            return found.group()
        return "".join(draw(part, line) for part in parts(found.group()))

    return _RUN.sub(swap, text)


def parts(run: str) -> list[Part]:
    """Return the parts that cells of text stand for, from left to right."""
    found: list[Part] = []
    for at in range(0, len(run), 5):
        row, column, high, low = (_VALUES[digit] for digit in run[at + 1 : at + 5])
        number = high * MOST + low
        last = found[-1] if found else None
        if last and (last.number, last.row, last.first + last.count) == (number, row, column):
            found[-1] = Part(number, row, last.first, last.count + 1)
        else:
            found.append(Part(number, row, column, 1))
    return found
