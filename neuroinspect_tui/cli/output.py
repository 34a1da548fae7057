"""What commands print: one JSON document, or tables."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

RENAMED = {"class_": "class"}


def print_json(record: object) -> None:
    """Print a record as one JSON document."""
    plain = _renamed(msgspec.to_builtins(record))
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n")
    sys.stdout.flush()


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {RENAMED.get(key, key): _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    return value


def say(*lines: str) -> None:
    """Print lines of plain text."""
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        if line:
            console.print(escape(line))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print a table; columns whose name starts with `>` are right-aligned."""
    shown = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        shown.add_column(
            column.removeprefix(">"), justify="right" if right else "left",
            overflow="fold", no_wrap=right,
        )  # fmt: skip
    for row in rows:
        shown.add_row(*map(escape, row))
    Console(highlight=False).print(shown)


def percent(value: float | None, digits: int = 1) -> str:
    """Return `37.5%`, or a dash for None."""
    return "-" if value is None else f"{100 * value:.{digits}f}%"


def bar(share: float | None, width: int = 10) -> str:
    """Return a bar of eighth blocks."""
    if share is None:
        return ""
    eighths = round(share * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(width, "░")
