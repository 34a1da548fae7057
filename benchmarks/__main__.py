"""`python -m benchmarks [NAME ...]`: measure, and print one table."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from benchmarks import classes, commands, counterfactual, curves, drawing, edits, jobs, paint
from benchmarks.setting import Figure, Setting, absent
from engine.schema.errors import EngineError

ALL = {
    "counterfactual": counterfactual.measure,
    "classes": classes.measure,
    "drawing": drawing.measure,
    "edits": edits.measure,
    "curves": curves.measure,
    "commands": commands.measure,
    "jobs": jobs.measure,
    "paint": paint.measure,
}
HEADER = ("what", "ours", "against", "ratio", "wanted", "")


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; none: all")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:N or mps")
    parser.add_argument("--markdown", action="store_true", help="a table for docs/performance.md")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in ALL]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(ALL)}")
    if absent():
        _fail(f"No {absent()[0]}: the benchmarks need the real flowers, checkpoint and CLIP there.")
    try:
        figures = run(asked.names or list(ALL), asked.device)
    except EngineError as error:
        _fail(str(error))
    show(figures, markdown=asked.markdown)
    if any(figure.met is False for figure in figures):
        sys.exit(1)


def run(names: list[str], device: str) -> list[Figure]:
    """Measure in a workspace of its own, which is removed."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as home:
        setting = Setting(Path(home), device)
        for name in names:
            print(f"measuring {name} on {setting.engine.device} ...", file=sys.stderr, flush=True)
            figures += ALL[name](setting)
    return figures


def _fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(2)


def show(figures: list[Figure], *, markdown: bool) -> None:
    """Print the table."""
    words = {True: "met", False: "MISSED", None: ""}
    rows = [(f.what, f.ours, f.against, f.value, f.wanted, words[f.met]) for f in figures]
    if markdown:
        for row in (HEADER, ("---",) * len(HEADER), *rows):
            print(f"| {' | '.join(row)} |")
        return
    table = Table(*HEADER)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
