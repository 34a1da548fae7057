"""What commands print: one JSON document, or tables."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

RENAMED = {"class_": "class"}
FILE_WIDTH = 200
LEAST_TEXT = 12


def print_json(record: object) -> None:
    """Print a record as one JSON document."""
    plain = _renamed(msgspec.to_builtins(record))
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n")
    sys.stdout.flush()


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {RENAMED.get(key, key): _renamed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_renamed(inner) for inner in value]
    if isinstance(value, str):  # a path need not be UTF-8, JSON must
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def say(*lines: str) -> None:
    """Print lines of plain text."""
    console = _console(soft_wrap=True)
    for line in lines:
        if line:
            console.print(escape(line))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print a table; a column named `>...` is right-aligned, one named `|...` is never folded."""
    shown = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        min_width = LEAST_TEXT if column and column[0] not in ">|" else None
        shown.add_column(
            column.lstrip(">|"), justify="right" if right else "left",
            overflow="fold", no_wrap=right or column.startswith("|"), min_width=min_width,
        )  # fmt: skip
    for row in rows:
        shown.add_row(*map(escape, row))
    _console().print(shown)


def _console(*, soft_wrap: bool = False) -> Console:
    console = Console(highlight=False, soft_wrap=soft_wrap)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = FILE_WIDTH  # nothing to fit: a file or a pipe
    return console


def below(root: str, path: str) -> str:
    """Return `path` as seen from the data's root: every command takes it so."""
    return path.removeprefix(root.rstrip("/") + "/")
