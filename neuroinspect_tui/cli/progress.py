"""Progress on stderr: a bar with an ETA on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from engine.schema import records
from screens.shown import shown

EVERY_SECONDS = 10.0


def follow(
    job: Iterable[Any],
    *,
    first: str = "",
    on_record: Callable[[Any], str | None] | None = None,
    keep: Callable[[Any], str | None] | None = None,
    plain: bool = False,
) -> Any:
    """Run a job to its end, showing its progress; return its last record.

    Args:
        job: Records as they come.
        first: What to show before the first record.
        on_record: Turns other records into a line of progress.
        keep: Turns some records into a line that stays.
        plain: Print lines on a terminal too.
    """
    console = Console(stderr=True, force_terminal=False if plain else None)
    last: Any = None
    told = float("-inf")
    with _bar(console) as bar:
        task = bar.add_task(shown(first), total=None)
        for last in job:
            note, done, total = _read(last, on_record)
            row = keep(last) if keep else None
            if row:
                console.print(Text(shown(row)), soft_wrap=True)
            bar.update(task, description=shown(note), completed=done, total=total or None)
            if not console.is_terminal and note and time.monotonic() - told > EVERY_SECONDS:
                told = time.monotonic()
                console.print(Text(shown(f"{note} {done}/{total}" if total else note)))
    return last


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _read(record: Any, on_record: Callable[[Any], str | None] | None) -> tuple[str, int, int]:
    if isinstance(record, records.Progress):
        return " ".join(filter(None, (record.stage, record.note))), record.done, record.total
    note = (on_record(record) if on_record else None) or ""
    done = getattr(record, "step", getattr(record, "epoch", 0))
    return note, done, getattr(record, "steps", getattr(record, "epochs", 0))
