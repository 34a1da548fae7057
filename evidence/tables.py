"""Figures of several models, by name, and the gain of an edit over its best control."""

from collections import defaultdict
from collections.abc import Sequence

Figures = dict[str, list[float]]
"""By row of a table, the figures of one model (or class)."""


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
