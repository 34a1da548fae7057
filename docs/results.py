"""The tables of docs/ and README that are written from result files (evidence/results/).

Between `<!-- generated: evidence/NAME -->` and `<!-- end -->` stands the table of a result, and
what measures it again. `evidence/ONE+TWO` joins results: columns beside each other where they
differ, rows below each other where they do not. `evidence/NAME#WORD` is a selection of rows and
columns, in SELECTIONS.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.result_files import Result, cell, joined, read

SECTION = re.compile(
    r"^(<!-- generated: evidence/(\S+) -->\n).*?^(<!-- end -->)$", re.DOTALL | re.MULTILINE
)
"""At the beginning of a line: an example of a marker, in code, is none."""


@dataclass(frozen=True)
class Selection:
    """Some rows of a table, under other names, and fewer columns.

    Args:
        head: Of the first column.
        rows: By a row's new name its old one.
        columns: By a column's new name the old ones, whose cells are joined by commas.
        format: Of every cell's figures.
    """

    head: str
    rows: Mapping[str, str]
    columns: Mapping[str, Sequence[str]]
    format: str


SELECTIONS: Mapping[str, Selection] = {
    "readme": Selection(
        head="edit",
        rows={
            "`zero`, no groups": "zero, no groups",
            "`retrain` (a control of every edit)": "retrain",
            "`afr`, no groups": "afr",
            "`auto`, groups found without labels, own CLIP": "auto, found, own CLIP",
            "`auto`, groups found without labels, no CLIP": "auto, found, no CLIP",
            "`dfr`, with all group labels": "dfr, true groups",
        },
        columns={
            "separate: balanced, biased": ("pretrained-like, balanced", "pretrained-like, biased"),
            "shared: balanced, biased": ("scratch, balanced", "scratch, biased"),
        },
        format="{:.1f}",
    )
}
"""By what stands behind `#` in a marker."""


def filled(text: str) -> str:
    """Return a page with the tables of results between their markers.

    Raises:
        EngineError: A marker names no result.
    """
    return SECTION.sub(lambda found: found[1] + section(found[2]) + found[3], text)


def named(marker: str) -> list[str]:
    """Return the results that a marker names."""
    return marker.partition("#")[0].split("+")


def section(marker: str) -> str:
    """Return what stands between the markers that name results, such as `edits-scratch#readme`."""
    chosen = marker.partition("#")[2]
    results = [read(name) for name in named(marker)]
    lines = selected(results, SELECTIONS[chosen]) if chosen else table(results)
    return "\n".join([*lines, "", *sources(results)]) + "\n"


def table(results: Sequence[Result]) -> list[str]:
    """Return the lines of a table of all rows and columns."""
    columns, rows = joined(results)
    lines = [row([results[0].head, *(column.name for column in columns)]), rule(len(columns) + 1)]
    for name, cells in rows.items():
        written = [cell(column, of) for column, of in zip(columns, cells, strict=True)]
        lines.append(row([name.replace("|", "\\|"), *written]))
    return lines


def selected(results: Sequence[Result], selection: Selection) -> list[str]:
    """Return the lines of a table of some rows and columns."""
    columns, rows = joined(results)
    at = {column.name: place for place, column in enumerate(columns)}
    lines = [row([selection.head, *selection.columns]), rule(len(selection.columns) + 1)]
    for name, of in selection.rows.items():
        cells = [
            ", ".join(cell(columns[at[old]], rows[of][at[old]], selection.format) for old in olds)
            for olds in selection.columns.values()
        ]
        lines.append(row([name, *cells]))
    return lines


def sources(results: Sequence[Result]) -> list[str]:
    """Return what measures results, of which seeds, and when: a line for all that differ no more.

    Commands of one line stand beside each other.
    """
    commands: dict[str, list[str]] = {}
    for result in results:
        measured = f"{result.seeds}; {result.date}, version {result.version}."
        said = f"{measured} {result.note}".rstrip()
        commands.setdefault(said, []).append(f"`{result.command}`")
    return [f"*{', '.join(dict.fromkeys(by))}; {said}*" for said, by in commands.items()]


def row(cells: Sequence[str]) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"


def rule(columns: int) -> str:
    """Return the line under a table's head."""
    return "|" + "---|" * columns
