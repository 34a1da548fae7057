"""Result files of experiments that were run: `python -m evidence.experiments DIR`.

DIR is what `experiment run --dir DIR` was given. Every results.json and summary.json below it
becomes a table; of several runs of one experiment the last counts.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from engine.io.atomic import read_json
from engine.schema.edits import Estimate
from evidence.result_files import Cell, Column, Result, publish
from neuroinspect_tui.experiments.results import HEADS, MEASURES, Results, controls_once
from neuroinspect_tui.experiments.summary import Outside, Summary

PERCENT = "{:.1fi}"


def main() -> None:
    """Write a result file for each experiment, and for scenarios together."""
    parser = argparse.ArgumentParser(prog="python -m evidence.experiments", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR")
    root = parser.parse_args().directory
    newest = sorted(root.rglob("results.json"), key=lambda path: path.stat().st_mtime)
    found = {r.experiment: r for r in (read_json(path, Results) for path in newest)}
    for name, results in found.items():
        print(publish(f"experiment-{name.replace('/', '-')}", of_experiment(results)))
    for path in sorted(root.rglob("summary.json")):
        summary = read_json(path, Summary)
        print(publish(f"experiment-{path.parent.name}-naming", of_naming(summary)))
        print(publish(f"experiment-{path.parent.name}-edits", of_edits(summary)))


def of_experiment(results: Results) -> Result:
    """Return an experiment's table; measures that no row has are left out."""
    shown = [
        (head, name)
        for head, name in zip(HEADS, MEASURES, strict=True)
        if any(getattr(row, name) is not None for row in results.rows)
    ]
    rows: dict[str, list[Cell]] = {}
    for row in controls_once(results.rows):
        cells: list[Cell] = [_percent(getattr(row, name)) for _, name in shown]
        rows[_name(row.name, row.kind, row.of)] = cells
    return Result(
        title=results.title,
        command=results.command,
        seeds=_seeds(results.seeds),
        head="percent of test images",
        columns=[Column(head, PERCENT) for head, _ in shown],
        rows=rows,
        note=_said(results),
    )


def of_naming(summary: Summary) -> Result:
    """Return which way of finding names the context, scenario by scenario and over all."""
    scenarios = list(dict.fromkeys(name for of in summary.ranks.values() for name in of))
    rows: dict[str, list[Cell]] = {}
    for naming in summary.naming:
        places = [summary.ranks[naming.way].get(name, []) for name in scenarios]
        rows[naming.way] = [
            [naming.mean_rank], [naming.first], [naming.among_three],
            f"{naming.scenarios_first} of {naming.scenarios}",
            *(", ".join(map(str, ranks)) or None for ranks in places),
        ]  # fmt: skip
    words = summary.words[-1] if summary.words else 0
    few = min(3, words)
    rows["a word at random"] = [
        [(words + 1) / 2], [1 / max(words, 1)], [few / max(words, 1)], None,
        *[None] * len(scenarios),
    ]  # fmt: skip
    return Result(
        title=f"Which way of finding names the context: {summary.title}",
        command=summary.command,
        seeds=f"{_seeds(summary.seeds)}; a place a model, among {words} words",
        head="the context's word by",
        columns=[
            Column("mean rank"), Column("precision@1"), Column("precision@3"),
            Column("scenarios with it first"),
            *(Column(name.partition("/")[2], "{}") for name in scenarios),
        ],
        rows=rows,
    )  # fmt: skip


def of_edits(summary: Summary) -> Result:
    """Return what edits reach on the shifted kind outside its context, over the scenarios."""
    return Result(
        title=f"The shifted kind outside its context: {summary.title}",
        command=summary.command,
        seeds=f"{_seeds(summary.seeds)}; means over the scenarios",
        head="percent of test images",
        columns=[
            Column("shifted kind", PERCENT),
            Column("all kinds", PERCENT),
            Column("scenarios", "{:.0f}"),
        ],
        rows={_name(o.name, o.kind, o.of): _outside(o) for o in summary.outside},
    )


def _outside(row: Outside) -> list[Cell]:
    return [_percent(row.target), _percent(row.overall), [float(row.scenarios)]]


def _percent(share: Estimate | None) -> Cell:
    if share is None:
        return None
    ends = [None if end is None else 100 * end for end in (share.lo, share.hi)]
    return [Estimate(100 * share.mean, *ends)]


def _name(name: str, kind: str, of: str) -> str:
    return f"{of}: {name} (control)" if kind == "control" else name


def _seeds(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"one model, seed {seeds[0]}"
    return f"means of {len(seeds)} models, seeds {', '.join(map(str, seeds))}"


def _said(results: Results) -> str:
    """Return what the table leaves out: gains over controls, and edits that could not be made."""
    gains = [note for note in results.notes if note.startswith(("Worst group", "Accuracy of"))]
    names = dict.fromkeys(skip.name for one in results.of_seeds for skip in one.skipped)
    refused = [
        f"{name} could not be made (too few mistakes, or no groups found)." for name in names
    ]
    return " ".join([*gains, *refused])


if __name__ == "__main__":
    main()
