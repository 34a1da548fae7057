"""Figures of several models as Markdown: a mean and its 95% interval over models."""

from collections import defaultdict
from collections.abc import Sequence

from engine.editing.comparison import estimate
from engine.schema.edits import Estimate

Figures = dict[str, list[float]]
"""By row of a table, the figures of one model (or class)."""


def table(heads: Sequence[str], measured: Sequence[Figures], digits: int = 2) -> list[str]:
    """Return the lines of a table: a row a name, a column a figure, averaged over `measured`."""
    lines = [row(heads), row(["---"] * len(heads))]
    for name, rows in columns(measured).items():
        cells = [plain(estimate(list(values)), digits) for values in zip(*rows, strict=True)]
        lines.append(row([name.replace("|", "\\|"), *cells]))
    return lines


def edits_table(measured: Sequence[Figures]) -> list[str]:
    """Return the lines of a table: every edit's average, worst group and gains, in points."""
    heads = ("edit", "average", "worst group", "gain over original", "gain over best control")
    lines = [row(heads), row(["---"] * len(heads))]
    variants = columns(measured)
    for name, rows in variants.items():
        if ": " in name:
            continue
        figures = [
            [100 * average for average, _ in rows],
            [100 * worst for _, worst in rows],
            [100 * (m[name][1] - m["original"][1]) for m in measured],
        ]
        cells = [plain(estimate(values), 1) for values in figures]
        best = best_control(name, variants)
        gain = "-" if best is None else plain(estimate(beyond(measured, name, best)), 1)
        cells.append(gain if best is None else f"{gain} ({best.split(': ')[1]})")
        lines.append(row([name, *cells]))
    return lines


def repair_table(measured: Sequence[Figures]) -> list[str]:
    """Return the lines of a table: every edit's average, worst group, and whether it was made."""
    heads = ("edit", "average", "worst group", "lowest of the models", "made")
    lines = [row(heads), row(["---"] * len(heads))]
    for name, rows in columns(measured).items():
        average, worst, made = zip(*rows, strict=True)
        cells = [
            plain(estimate([100 * value for value in values]), 1) for values in (average, worst)
        ]
        lines.append(
            row([name, *cells, f"{100 * min(worst):.1f}", f"{int(sum(made))} of {len(made)}"])
        )
    return lines


def best_control(name: str, variants: dict[str, list[list[float]]]) -> str | None:
    """Return the control of an edit with the best mean worst group; None for the original."""
    controls = [other for other in variants if other.startswith(f"{name}: ")]
    return max(controls, key=lambda other: sum(row[1] for row in variants[other]), default=None)


def beyond(measured: Sequence[Figures], name: str, control: str) -> list[float]:
    """Return by model the gain of an edit over a control in worst-group accuracy, in points."""
    return [100 * (model[name][1] - model[control][1]) for model in measured]


def columns(measured: Sequence[Figures]) -> dict[str, list[list[float]]]:
    """Return by name the figures of every model."""
    by_name: dict[str, list[list[float]]] = defaultdict(list)
    for model in measured:
        for name, values in model.items():
            by_name[name].append(values)
    return by_name


def plain(mean: Estimate, digits: int) -> str:
    """Return a mean with its interval as text."""
    if mean.lo is None or mean.hi is None:
        return f"{mean.mean:.{digits}f}"
    return f"{mean.mean:.{digits}f} [{mean.lo:.{digits}f}, {mean.hi:.{digits}f}]"


def row(cells: Sequence[str]) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"
