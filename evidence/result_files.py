"""Result files: what was measured, with its command, seeds and date, for the tables of docs/.

A file is one table. `python -m docs.generate` writes it between the markers that name it; see
docs/extending.md, an evidence table.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct, structs

from engine.editing.comparison import estimate
from engine.io.atomic import read_json, write_json
from engine.schema.edits import Estimate
from engine.schema.errors import EngineError

FOLDER = Path(__file__).parent / "results"
DIGITS = 6
"""Of figures in a file."""
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

Figure = float | list[float] | Estimate
"""A number, or those of several models or seeds, or a mean with its interval."""
Cell = str | list[Figure] | None
"""Text, or figures that the column's format joins; None where nothing was measured."""


class Column(Struct, frozen=True):
    """A column of figures.

    `format` joins a cell's figures as `str.format` does: `{:.1f}` writes the first one's mean,
    `{:.1fi}` its 95% interval too, `{1:+.1f}` the second one's mean with its sign.
    """

    name: str
    format: str = "{:.2f}"


class Result(Struct, frozen=True, kw_only=True):
    """One table, and where it comes from."""

    title: str
    """What it shows, in a phrase."""
    command: str
    """What measures it again."""
    seeds: str
    """Whose means these are, such as `five models of each case, data seeds 21 to 25`."""
    head: str
    """What a row is, such as `ranking`."""
    columns: list[Column]
    rows: dict[str, list[Cell]]
    """By a row's name its cells, as many as columns."""
    note: str = ""
    """What else a reader must know of how it was measured; a sentence."""
    date: datetime.date | None = None
    """Of the measurement; `publish` fills it in."""
    version: str = ""
    """Of the program; `publish` fills it in."""

    def __post_init__(self) -> None:
        """Refuse rows that are not as wide as the columns.

        Raises:
            ValueError: One is not.
        """
        for name, cells in self.rows.items():
            if len(cells) != len(self.columns):
                raise ValueError(f"row {name!r} has {len(cells)} cells of {len(self.columns)}")


class Shown:
    """A figure as a format writes it: `.1f` its mean, `.1fi` its interval too."""

    def __init__(self, figure: Figure) -> None:
        if isinstance(figure, list):
            figure = estimate(figure)
        self.estimate = figure if isinstance(figure, Estimate) else Estimate(float(figure))

    def __format__(self, form: str) -> str:
        found = self.estimate
        plain = form.removesuffix("i")
        mean = f"{found.mean:{plain}}"
        if plain == form or found.lo is None or found.hi is None:
            return mean
        return f"{mean} [{found.lo:{plain}}, {found.hi:{plain}}]"


def path_of(name: str) -> Path:
    """Return where a result is kept.

    Raises:
        EngineError: The name is not of lower-case words joined by hyphens.
    """
    if not NAME.fullmatch(name):
        raise EngineError(f"A result's name has lower-case words and hyphens only, not {name!r}.")
    return FOLDER / f"{name}.json"


def publish(name: str, result: Result) -> Path:
    """Write a result file for the documentation, dated today, and return where it is.

    Raises:
        EngineError: The name is none.
        StorageError: The file cannot be written.
    """
    path = path_of(name)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    program = result.version or version("neuroinspect-tui")
    write_json(path, structs.replace(result, date=result.date or today, version=program))
    return path


def read(name: str) -> Result:
    """Return a result.

    Raises:
        EngineError: There is none, or it is damaged.
    """
    path = path_of(name)
    if not path.is_file():
        known = ", ".join(names())
        raise EngineError(f"There is no result {name!r}; choose from {known}.")
    return read_json(path, Result)


def names() -> list[str]:
    """Return the names of all results."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def cell(column: Column, of: Cell, form: str | None = None) -> str:
    """Return a cell as Markdown, by its column's format or another."""
    if of is None:
        return "-"
    if isinstance(of, str):
        return of.replace("|", "\\|")
    return (form or column.format).format(*map(Shown, of))


def joined(several: Sequence[Result]) -> tuple[list[Column], Mapping[str, list[Cell]]]:
    """Return the columns of several results beside each other, and all their rows.

    A row that one of them lacks has no figures there. Results with the same columns stand below
    each other instead.

    Raises:
        ValueError: Two of those have a row of the same name.
    """
    if len({tuple(column.name for column in result.columns) for result in several}) == 1:
        below: dict[str, list[Cell]] = {}
        for result in several:
            for name, cells in result.rows.items():
                if name in below:
                    raise ValueError(f"results of the same columns have the row {name!r} twice")
                below[name] = cells
        return several[0].columns, below
    columns = [column for result in several for column in result.columns]
    rows: dict[str, list[Cell]] = {}
    for name in dict.fromkeys(name for result in several for name in result.rows):
        rows[name] = []
        for result in several:
            rows[name] += result.rows.get(name, [None] * len(result.columns))
    return columns, rows


def by_row(measured: Sequence[Sequence[Mapping[str, Sequence[float]]]]) -> dict[str, list[Cell]]:
    """Return the rows of a table from what models were measured to be.

    Args:
        measured: By column, by model, by row the figures of a cell. Where a model lacks a row, the
            figures are those of the others.
    """
    names = dict.fromkeys(name for models in measured for model in models for name in model)
    return {name: [_figures(name, models) or None for models in measured] for name in names}


def by_figure(measured: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[Cell]]:
    """Return the rows of a table with a column a figure, from what models were measured to be.

    Args:
        measured: By model, by row its figures.
    """
    names = dict.fromkeys(name for model in measured for name in model)
    return {name: [[figure] for figure in _figures(name, measured)] for name in names}


def _figures(name: str, models: Sequence[Mapping[str, Sequence[float]]]) -> list[Figure]:
    """Return a row's figures, each of all models that have the row."""
    each = zip(*(model[name] for model in models if name in model), strict=True)
    return [[round(value, DIGITS) for value in figure] for figure in each]
