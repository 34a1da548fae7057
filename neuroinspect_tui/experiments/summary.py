"""Several scenarios together: which way of finding names the context. No torch."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from engine.editing.comparison import estimate
from engine.io.atomic import write_json, write_text
from engine.schema.edits import Estimate
from neuroinspect_tui.experiments.results import Results, line

FIRST, FEW = 1, 3


class Naming(Struct, frozen=True, kw_only=True):
    """One way of naming, over all scenarios and seeds."""

    way: str
    models: int
    mean_rank: float
    first: float
    """Share of models in which the context's word is the first (precision@1)."""
    among_three: float
    """Share in which it is among the first three."""
    scenarios_first: int
    """Scenarios in which it is first in most of the models."""
    scenarios: int


class Outside(Struct, frozen=True, kw_only=True):
    """What an edit, or a control, reached on the shifted kind outside its context, 0 to 1."""

    name: str
    kind: str
    of: str
    target: Estimate
    overall: Estimate
    scenarios: int
    """Those that have it: a control may belong to a method that `auto` did not choose there."""


class Summary(Struct, frozen=True, kw_only=True):
    """Scenarios of one experiment together: summary.json."""

    title: str
    command: str
    seeds: tuple[int, ...]
    words: tuple[int, ...]
    """How many words the context's is placed among."""
    naming: tuple[Naming, ...]
    ranks: dict[str, dict[str, list[int]]]
    """By way and scenario, the place of the context's word, a seed each."""
    outside: tuple[Outside, ...]
    files: tuple[str, ...] = ()


def summarise(results: Sequence[Results], command: str) -> Summary:
    """Put scenarios together; a word at random would have the mean rank (words + 1) / 2."""
    ranks: dict[str, dict[str, list[int]]] = {}
    words = set()
    for result in results:
        for one in result.of_seeds:
            words |= {one.words} if one.words else set()
            for way, rank in one.ranks.items():
                ranks.setdefault(way, {}).setdefault(result.experiment, []).append(rank)
    what = "miniature: generated pictures" if results[0].miniature else "real data"
    return Summary(
        title=f"{len(results)} scenarios ({what})",
        command=command,
        seeds=tuple(sorted({seed for result in results for seed in result.seeds})),
        words=tuple(sorted(words)),
        naming=tuple(_naming(way, of) for way, of in ranks.items()),
        ranks=ranks,
        outside=tuple(_outside(results)),
    )


def _naming(way: str, by_scenario: dict[str, list[int]]) -> Naming:
    every = [rank for ranks in by_scenario.values() for rank in ranks]
    return Naming(
        way=way,
        models=len(every),
        mean_rank=sum(every) / len(every),
        first=sum(rank <= FIRST for rank in every) / len(every),
        among_three=sum(rank <= FEW for rank in every) / len(every),
        scenarios_first=sum(
            2 * sum(rank <= FIRST for rank in ranks) > len(ranks) for ranks in by_scenario.values()
        ),
        scenarios=len(by_scenario),
    )


def _outside(results: Sequence[Results]) -> list[Outside]:
    """Return each variant over the scenarios: a scenario is one figure, the mean of its models."""
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for result in results:
        for row in result.rows:
            if row.target is not None and row.overall is not None and row.kind != "published":
                figures = (row.target.mean, row.overall.mean)
                found.setdefault((row.kind, row.of, row.name), []).append(figures)
    return [
        Outside(name=name, kind=kind, of=of, target=estimate([a for a, _ in figures]),
                overall=estimate([b for _, b in figures]), scenarios=len(figures))
        for (kind, of, name), figures in found.items()
    ]  # fmt: skip


def naming_cells(naming: Naming) -> tuple[str, ...]:
    """Return a row of the table of naming as text."""
    return (
        naming.way, f"{naming.mean_rank:.2f}", f"{naming.first:.2f}", f"{naming.among_three:.2f}",
        f"{naming.scenarios_first} of {naming.scenarios}", str(naming.models),
    )  # fmt: skip


NAMING_HEADS = ("the context's word by", "mean rank", "precision@1", "precision@3",
                "scenarios with it first", "models")  # fmt: skip


def write(summary: Summary, home: Path) -> tuple[str, ...]:
    """Write summary.md and summary.json; return their paths.

    Raises:
        StorageError: The directory cannot be written.
    """
    lines = [f"# {summary.title}", "", f"`{summary.command}`", "", line(NAMING_HEADS)]
    lines += [line(["---"] * len(NAMING_HEADS)), *(line(naming_cells(n)) for n in summary.naming)]
    lines += ["", f"Among {', '.join(map(str, summary.words))} words.", ""]
    write_text(home / "summary.md", "\n".join(lines))
    write_json(home / "summary.json", summary)
    return str(home / "summary.md"), str(home / "summary.json")
