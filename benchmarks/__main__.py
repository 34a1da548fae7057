"""`python -m benchmarks [NAME ...]`: run benchmarks and print their results as one table."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from benchmarks import (
    classes,
    commands,
    counterfactual,
    curves,
    drawing,
    edits,
    jobs,
    paint,
    traffic,
    words,
)
from benchmarks.setting import Result, Setting, missing_files
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
    "words": words.measure,
    "traffic": traffic.measure,
}
HEADER = ("measurement", "result", "baseline", "ratio", "target", "")


def main() -> None:
    """Run the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; all by default"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:N or mps")
    parser.add_argument(
        "--markdown", action="store_true", help="print Markdown, for docs/performance.md"
    )
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in ALL]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]!r}; choose from {', '.join(ALL)}")
    if missing := missing_files():
        _fail(f"{missing[0]} is missing; the benchmarks need images, checkpoint and CLIP there.")
    try:
        results = run(options.names or list(ALL), options.device)
    except EngineError as error:
        _fail(str(error))
    show(results, markdown=options.markdown)
    if any(result.met is False for result in results):
        sys.exit(1)


def run(names: list[str], device: str) -> list[Result]:
    """Run benchmarks in a temporary workspace."""
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as home:
        setting = Setting(Path(home), device)
        for name in names:
            print(f"measuring {name} on {setting.engine.device} ...", file=sys.stderr, flush=True)
            results += ALL[name](setting)
    return results


def _fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(2)


def show(results: list[Result], *, markdown: bool) -> None:
    """Print the table."""
    verdicts = {True: "met", False: "MISSED", None: ""}
    rows = [(r.name, r.measured, r.baseline, r.ratio, r.target, verdicts[r.met]) for r in results]
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
