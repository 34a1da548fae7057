"""`demo`: the whole workflow on a problem whose answer is known."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.schema.training import TrainEpoch
from neuroinspect_tui.app.terminal import is_terminal
from neuroinspect_tui.cli.options import Device, Json
from neuroinspect_tui.cli.output import print_json, say
from neuroinspect_tui.program import PROGRAM
from screens.words import percent


def command(
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Its workspace [default: in your user data]."),
    ] = None,
    device: Device = None,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the app on it afterwards.")
    ] = True,
    json: Json = False,
) -> None:
    """Draw birds, teach a classifier a shortcut, find and repair it.

    Takes about three minutes on two cores and downloads nothing; a second run only prints the
    results again.

    Example: neuroinspect-tui demo
    """
    from neuroinspect_tui.cli.progress import follow
    from neuroinspect_tui.config import demo_home
    from neuroinspect_tui.demo.build import Plan, make_parts

    began = time.monotonic()
    home = directory or demo_home()
    plan = Plan(home.expanduser().resolve(), device=device or "auto")
    follow(make_parts(plan), first="looking for earlier results", on_record=_line, keep=_row)
    from neuroinspect_tui.demo.story import Story

    story = Story(plan)
    lines: list[str] = []

    def printed() -> Any:
        for record in story.tell():
            if isinstance(record, str):
                if lines and not json:
                    say(lines[-1])
                lines.append(record)
            else:
                yield record

    follow(printed(), first="importing torch", on_record=_line)
    seconds = time.monotonic() - began
    if json:
        return print_json({"workspace": str(plan.home), "seconds": seconds, "story": lines})
    say(f"({seconds:.0f} s)", lines[-1])  # the last line is what all of it comes to
    if open_ and is_terminal():
        _open(plan.home)
    return None


def _open(home: Path) -> None:
    """Replace this process by the app, which must not load torch as this one has."""
    words = [*PROGRAM, "open", str(home)]
    os.execv(words[0], words)


def _line(record: Any) -> str | None:
    if isinstance(record, TrainEpoch):
        return f"training, epoch {record.epoch}"
    return "drawing what neurons respond to" if hasattr(record, "step") else "editing"


def _row(record: Any) -> str | None:
    if not isinstance(record, TrainEpoch) or record.epoch != record.epochs:
        return None
    evaluation = record.evaluation
    worst = (
        "" if evaluation.worst_group is None else f", worst group {percent(evaluation.worst_group)}"
    )
    return f"trained {record.epochs} epochs: accuracy {percent(evaluation.overall)}{worst}"
