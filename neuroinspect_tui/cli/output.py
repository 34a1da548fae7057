"""What commands print: one JSON document, or sentences and tables, of text that is only shown.

Nothing else writes to stdout or stderr, but for progress.py: a lint of pyproject.toml.
"""

import json
import math
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from screens.shown import json_escaped, shown, shown_lines

RENAMED = {"class_": "class"}
FILE_WIDTH = 200
LEAST_TEXT = 12


def print_json(record: object) -> None:
    """Print a record as one JSON document."""
    plain = _renamed(msgspec.to_builtins(record))
    try:
        document = msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
    except UnicodeEncodeError:  # a path need not be UTF-8: `\\udcff`, as Python reads it back
        document = json.dumps(plain, indent=2, ensure_ascii=False)
    _write_json(document)


def print_json_line(record: object) -> None:
    """Print a record as one line of JSON, at once, as the file of a job's events has it."""
    _write_json(msgspec.json.encode(record).decode())


def _write_json(document: str) -> None:
    """Write JSON that holds nothing a terminal obeys, and is the same to whoever parses it."""
    sys.stdout.buffer.write(json_escaped(document).encode() + b"\n")
    sys.stdout.flush()


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {RENAMED.get(key, key): _renamed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_renamed(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def say(*lines: str) -> None:
    """Print lines of plain text."""
    console = _console(soft_wrap=True)
    for line in lines:
        if line:
            console.print(Text(shown(line)))


def note(*lines: str) -> None:
    """Print lines of plain text on stderr: what is beside the answer."""
    for line in lines:
        sys.stderr.write(f"{shown(line)}\n")


def note_lines(text: str) -> None:
    """Print a text of ours that has several lines on stderr: a usage, a traceback."""
    sys.stderr.write(f"{shown_lines(text)}\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print a table; a column named `>...` is right-aligned, one named `|...` is never folded."""
    above = Text(shown(title), style="table.title") if title else None
    whole = Table(box=SIMPLE_HEAD, title=above, title_justify="left", pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        min_width = LEAST_TEXT if column and column[0] not in ">|" else None
        whole.add_column(
            Text(shown(column.lstrip(">|"))), justify="right" if right else "left",
            overflow="fold", no_wrap=right or column.startswith("|"), min_width=min_width,
        )  # fmt: skip
    for row in rows:
        whole.add_row(*(Text(shown(cell)) for cell in row))
    _console().print(whole)


def _console(*, soft_wrap: bool = False) -> Console:
    console = Console(highlight=False, soft_wrap=soft_wrap)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = FILE_WIDTH  # nothing to fit: a file or a pipe
    return console


def below(root: str, path: str) -> str:
    """Return `path` as seen from the data's root: every command takes it so."""
    return path.removeprefix(root.rstrip("/") + "/")
