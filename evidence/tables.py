"""Figures of several models as Markdown: a mean and its 95% interval over models."""

from collections import defaultdict
from collections.abc import Sequence

from engine.editing.comparison import estimate
from engine.schema.edits import Estimate

Found = dict[str, list[float]]
"""By row of the table, the figures of one model (or class)."""


def table(heads: Sequence[str], found: Sequence[Found], digits: int = 2) -> list[str]:
    """Return a row a name, a column a figure, averaged over `found`."""
    lines = [_row(heads), _row(["---"] * len(heads))]
    for name, rows in columns(found).items():
        cells = [plain(estimate(list(some)), digits) for some in zip(*rows, strict=True)]
        lines.append(_row([name.replace("|", "\\|"), *cells]))
    return lines


def mending(found: Sequence[Found]) -> list[str]:
    """Return test average and worst group of every edit, and its gains, in points."""
    heads = ("edit", "average", "worst group", "over the original", "over its best control")
    lines = [_row(heads), _row(["---"] * len(heads))]
    variants = columns(found)
    for name, rows in variants.items():
        if ": " in name:
            continue
        figures = [
            [100 * average for average, _ in rows],
            [100 * worst for _, worst in rows],
            [100 * (m[name][1] - m["original"][1]) for m in found],
        ]
        cells = [plain(estimate(some), 1) for some in figures]
        best = best_control(name, variants)
        beside = "-" if best is None else plain(estimate(beyond(found, name, best)), 1)
        cells.append(beside if best is None else f"{beside} ({best.split(': ')[1]})")
        lines.append(_row([name, *cells]))
    return lines


def best_control(name: str, variants: dict[str, list[list[float]]]) -> str | None:
    """Return the control of an edit with the best mean worst group; None for the original."""
    controls = [other for other in variants if other.startswith(f"{name}: ")]
    return max(controls, key=lambda other: sum(row[1] for row in variants[other]), default=None)


def beyond(found: Sequence[Found], name: str, control: str) -> list[float]:
    """Return by model the points of worst group that an edit has over a control."""
    return [100 * (model[name][1] - model[control][1]) for model in found]


def columns(found: Sequence[Found]) -> dict[str, list[list[float]]]:
    """Return by name the figures of every model."""
    by_name: dict[str, list[list[float]]] = defaultdict(list)
    for model in found:
        for name, values in model.items():
            by_name[name].append(values)
    return by_name


def plain(some: Estimate, digits: int) -> str:
    """Return a mean with its interval."""
    if some.lo is None or some.hi is None:
        return f"{some.mean:.{digits}f}"
    return f"{some.mean:.{digits}f} [{some.lo:.{digits}f}, {some.hi:.{digits}f}]"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
