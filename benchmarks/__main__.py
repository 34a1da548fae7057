"""`python -m benchmarks [NAME ...]`: measure, and print one table."""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import classes, commands, counterfactual, curves, drawing, edits
from benchmarks.setting import SHARED, Figure, Setting

ALL = {
    "counterfactual": counterfactual.measure,
    "classes": classes.measure,
    "drawing": drawing.measure,
    "edits": edits.measure,
    "curves": curves.measure,
    "commands": commands.measure,
}
HEADER = ("what", "ours", "against", "ratio", "wanted", "")


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *ALL], metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:N or mps")
    parser.add_argument("--markdown", action="store_true", help="a table for the README")
    asked = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"No images at {SHARED}: the benchmarks need the real flowers there.")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as home:
        setting = Setting(Path(home), asked.device)
        for name in asked.names or ALL:
            print(f"measuring {name} on {setting.engine.device} ...", file=sys.stderr, flush=True)
            figures += ALL[name](setting)
    show(figures, markdown=asked.markdown)
    if not all(figure.met for figure in figures):
        sys.exit(1)


def show(figures: list[Figure], *, markdown: bool) -> None:
    """Print the table."""
    rows = [
        (f.what, f.ours, f.against, f.value, f.wanted, "met" if f.met else "MISSED")
        for f in figures
    ]
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
