"""What an experiment found: rows of one table, over the seeds of its models. No torch."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from engine.editing.comparison import estimate
from engine.editing.heads import RETRAIN
from engine.io.atomic import write_json, write_text
from engine.schema.edits import Edit, Estimate

Kind = Literal["published", "original", "edit", "control"]
MEASURES = ("overall", "target", "worst_class", "worst_group")
HEADS = ("overall", "class", "worst class", "worst group")


class Reached(Struct, frozen=True, kw_only=True):
    """What one variant of an edit reached on the test images of one model, 0 to 1."""

    name: str
    kind: Kind
    of: str = ""
    """The edit that it is a control of, or itself."""
    overall: float
    target: float | None
    worst_class: float | None
    worst_group: float | None
    fixed: float
    broken: float


class Skipped(Struct, frozen=True):
    """An edit that could not be made, and why."""

    name: str
    why: str


class OfSeed(Struct, frozen=True, kw_only=True):
    """What one model gave: seed-N/experiment/result.json."""

    seed: int
    workspace: str
    classes: tuple[str, ...]
    """Those inspected and edited."""
    neurons: tuple[int, ...]
    sheet: str | None
    """The drawings."""
    test_images: int
    class_images: int
    reached: tuple[Reached, ...]
    skipped: tuple[Skipped, ...]
    verdicts: dict[str, str]
    """By edit."""
    chose: dict[str, str]
    """By edit, the method that `auto` chose."""
    ranks: dict[str, int] = {}
    """By way of naming, the place of the context's word, from 1 (docs/experiments.md)."""
    words: int = 0
    """Words that the context's is placed among."""


class Row(Struct, frozen=True, kw_only=True):
    """A row of the table: means over models with 95% intervals, 0 to 1."""

    name: str
    kind: Kind
    of: str
    models: int
    overall: Estimate | None
    target: Estimate | None
    worst_class: Estimate | None
    worst_group: Estimate | None
    fixed: float | None
    broken: float | None


class Results(Struct, frozen=True, kw_only=True, tag="experiment"):
    """A finished experiment: results.json."""

    experiment: str
    title: str
    source: str
    miniature: bool
    best: str
    """Which of our edits chooses by itself."""
    seeds: tuple[int, ...]
    command: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    of_seeds: tuple[OfSeed, ...]
    files: tuple[str, ...] = ()


def reached(name: str, edit: Edit) -> list[Reached]:
    """Return an edit and its controls, by the data's own groups."""
    found = []
    for variant in edit.variants:
        kind: Kind = "control"
        if variant.name in ("edit", "original"):
            kind = "edit" if variant.name == "edit" else "original"
        laid = "groups" in edit.provenance  # found or stored ones: their worst is no worst group
        group = variant.worst_own_group if laid else variant.worst_group
        named = {"edit": name, "original": "as trained"}.get(variant.name, variant.name)
        found.append(
            Reached(
                name=named,
                kind=kind,
                of="" if kind == "original" else name,
                overall=variant.overall.mean,
                target=_mean(variant.target),
                worst_class=_mean(variant.worst_class),
                worst_group=_mean(group),
                fixed=variant.fixed,
                broken=variant.broken,
            )
        )
    return found


def _mean(found: Estimate | None) -> float | None:
    return None if found is None else found.mean


def rows(seeds: Sequence[OfSeed]) -> list[Row]:
    """Return a row for each variant that a model has, in the order of the first."""
    order = dict.fromkeys((r.kind, r.of, r.name) for seed in seeds for r in seed.reached)
    found = []
    for key in order:
        those = [r for seed in seeds for r in seed.reached if (r.kind, r.of, r.name) == key]
        measures = {name: _over([getattr(r, name) for r in those]) for name in MEASURES}
        found.append(
            Row(
                name=key[2], kind=key[0], of=key[1], models=len(those), **measures,
                fixed=sum(r.fixed for r in those) / len(those),
                broken=sum(r.broken for r in those) / len(those),
            )
        )  # fmt: skip
    return found


def _over(values: Sequence[float | None]) -> Estimate | None:
    there = [value for value in values if value is not None]
    return estimate(there) if there else None


def controls_once(found: Iterable[Row]) -> list[Row]:
    """Leave out a control that does exactly what one of the same name does above it, for show."""
    kept: list[Row] = []
    for row in found:
        same = (
            other.kind == row.kind == "control" and other.name == row.name
            and other.overall == row.overall and other.target == row.target
            and other.worst_group == row.worst_group
            for other in kept
        )  # fmt: skip
        if not any(same):
            kept.append(row)
    return kept


def measured(row: Row) -> Estimate | None:
    """Return what the row is judged by: its worst group, else the inspected class."""
    return row.worst_group or row.target


def against_controls(seeds: Sequence[OfSeed], best: str) -> str:
    """Say how our edit stands to its best control and to the published setting's, over models."""
    judged = "worst_group" if _grouped(seeds) else "target"
    said = []
    for name in dict.fromkeys(r.of for seed in seeds for r in seed.reached if r.of):
        gains = _gains(seeds, name, judged)
        if gains is None:
            continue
        control, over = gains
        mark = " (ours, chosen on selection images)" if name == best else ""
        said.append(f"{name}{mark}: {points(over)} over {control}")
    what = "worst group" if judged == "worst_group" else "accuracy of the class"
    return f"{what[0].upper()}{what[1:]}, against the best control of each: {'; '.join(said)}."


def _grouped(seeds: Sequence[OfSeed]) -> bool:
    return any(r.worst_group is not None for seed in seeds for r in seed.reached)


def _gains(seeds: Sequence[OfSeed], name: str, judged: str) -> tuple[str, Estimate] | None:
    """Return the control with the best mean, and the edit's gain over it, model by model.

    Plain retraining is one of every edit.
    """
    by_control: dict[str, list[float]] = {}
    for seed in seeds:
        retrained = [getattr(r, judged) for r in seed.reached if r.name == RETRAIN]
        of = {r.name: getattr(r, judged) for r in seed.reached if r.of == name}
        if retrained:  # auto has none of its own where it took that
            of.setdefault(RETRAIN, retrained[0])
        own = of.pop(name, None)
        for control, value in of.items():
            if own is not None and value is not None:
                by_control.setdefault(control, []).append(own - value)
    whole = {c: gains for c, gains in by_control.items() if gains}
    if not whole:
        return None
    closest = min(whole, key=lambda control: sum(whole[control]) / len(whole[control]))
    return closest, estimate(whole[closest])


def points(gain: Estimate) -> str:
    """Return a difference as `+12.3 points [+8.0, +16.6]`."""
    if gain.lo is None or gain.hi is None:
        return f"{100 * gain.mean:+.1f} points"
    return f"{100 * gain.mean:+.1f} points [{100 * gain.lo:+.1f}, {100 * gain.hi:+.1f}]"


def percent(found: Estimate | None) -> str:
    """Return `93.1 [92.0, 94.2]`, a dash for None."""
    if found is None:
        return "-"
    if found.lo is None or found.hi is None:
        return f"{100 * found.mean:.1f}"
    return f"{100 * found.mean:.1f} [{100 * found.lo:.1f}, {100 * found.hi:.1f}]"


def cells(row: Row) -> tuple[str, ...]:
    """Return a row of the table as text."""
    name = f"  {row.name} (control)" if row.kind == "control" else row.name
    moved = ("-" if n is None else f"{n:.3g}" for n in (row.fixed, row.broken))
    return (name, *(percent(getattr(row, measure)) for measure in MEASURES), *moved)


def write(results: Results, home: Path) -> tuple[str, ...]:
    """Write results.json, results.md and results.csv; return their paths.

    Raises:
        StorageError: The directory cannot be written.
    """
    paths = {ending: home / f"results.{ending}" for ending in ("md", "csv", "json")}
    write_text(paths["md"], markdown(results))
    write_text(paths["csv"], as_csv(results))
    write_json(paths["json"], results)
    return tuple(map(str, paths.values()))


def markdown(results: Results) -> str:
    """Return the table as Markdown, with what it is of."""
    heads = ("percent of test images", *HEADS, "fixed", "broken")
    lines = [f"# {results.title}", "", f"`{results.command}`", "", line(heads)]
    lines.append(line(["---"] * len(heads)))
    lines += [line(cells(row)) for row in controls_once(results.rows)]
    lines += ["", *(f"- {note}" for note in results.notes)]
    return "\n".join(lines) + "\n"


def line(texts: Sequence[str]) -> str:
    """Return a line of a Markdown table."""
    shown = (f"… {text.strip()}" if text.startswith(" ") else text for text in texts)
    return "| " + " | ".join(text.replace("|", "\\|") for text in shown) + " |"


def as_csv(results: Results) -> str:
    """Return the table with means and ends of intervals as numbers, 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text)
    ends = [f"{name}{end}" for name in MEASURES for end in ("", "_lo", "_hi")]
    writer.writerow(("experiment", "miniature", "name", "kind", "of", "models", *ends,
                     "fixed", "broken"))  # fmt: skip
    for row in results.rows:
        numbers: list[float | None] = []
        for measure in MEASURES:
            found = getattr(row, measure)
            numbers += [None] * 3 if found is None else [found.mean, found.lo, found.hi]
        writer.writerow((results.experiment, results.miniature, row.name, row.kind, row.of,
                         row.models, *numbers, row.fixed, row.broken))  # fmt: skip
    return text.getvalue()


def of_published(name: str, figures: Sequence[float | None]) -> Row:
    """Return a published row; the figures, in percent, are in the order of `MEASURES`."""
    shares = [None if value is None else Estimate(value / 100) for value in figures]
    measures = dict(zip(MEASURES, shares, strict=True))
    return Row(name=name, kind="published", of="", models=0, fixed=None, broken=None, **measures)
