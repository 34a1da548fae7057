"""Charts as SVG inside the page, in the page's colours. Drawn by matplotlib."""

import io
import warnings
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine.schema.edits import Edit, Estimate
from engine.schema.records import ClassScore, CurvePoint
from screens.shown import shown
from screens.words import counted

INK, GRID = "#010101", "#020202"
EDIT, BIAS, RANDOM, OVERALL = "#030303", "#040404", "#050505", "#060606"
COLOURS = {
    INK: "var(--ink)", GRID: "var(--line)", EDIT: "var(--c1)", BIAS: "var(--c2)",
    RANDOM: "var(--c3)", OVERALL: "var(--c4)",
}  # fmt: skip
"""Drawn as the first, shown as the second: the page's own, which are others in the dark."""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: read aloud, searched, copied
    "text.parse_math": False,  # a name with $ is a name
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "legend.frameon": False,
}
NAME_LETTERS = 28
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
NAMESPACES = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def accuracy_chart(scores: Sequence[ClassScore], overall: float | None, anchor: str) -> Markup:
    """Return the accuracies of classes with Wilson's 95% intervals; nothing without images."""
    known = [one for one in scores if one.accuracy is not None and one.ci is not None]
    if not known:
        return Markup("")
    with mpl.rc_context(STYLE):
        figure, axes = _axes(0.9 + 0.27 * len(known))
        values = [100 * (one.accuracy or 0.0) for one in known]
        spans = [(100 * one.ci[0], 100 * one.ci[1]) for one in known if one.ci is not None]
        errors = [
            [max(0.0, value - low) for value, (low, _) in zip(values, spans, strict=True)],
            [max(0.0, high - value) for value, (_, high) in zip(values, spans, strict=True)],
        ]
        axes.errorbar(values, range(len(known)), xerr=errors, fmt="o", color=EDIT, capsize=2)
        if overall is not None:
            axes.axvline(100 * overall, color=BIAS, linestyle="--", label="all images")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
        _rows(axes, [one.name for one in known])
        return _svg(figure, anchor, f"Accuracy of {counted(len(known), 'class', 'classes')}")


def curve_chart(points: Sequence[CurvePoint], name: str, anchor: str) -> Markup:
    """Return the what-if curve of a class: its accuracy as the top N neurons are ablated."""
    lines = (
        ("top N ablated", EDIT, "-", [point.edit.target for point in points]),
        ("bias-adjustment baseline", BIAS, "--", [point.bias_shift.target for point in points]),
        ("random neurons", RANDOM, ":", [point.placebo.target for point in points]),
        ("all images, top N ablated", OVERALL, "-.", [point.edit.overall for point in points]),
    )
    with mpl.rc_context(STYLE):
        figure, axes = _axes(3.1)
        for label, colour, dashes, shares in lines:
            heights = [float("nan") if share is None else 100 * share for share in shares]
            axes.plot(
                [point.n for point in points], heights, color=colour, linestyle=dashes,
                label=label, linewidth=1.5,
            )  # fmt: skip
        axes.set_xlabel("neurons ablated")
        axes.set_ylabel("accuracy in %")
        axes.grid(visible=True, linewidth=0.5)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
        return _svg(figure, anchor, f"What-if curve of {shown(name)}")


def variants_chart(edit: Edit, names: Sequence[str], anchor: str) -> Markup:
    """Return the accuracies of an edit and its controls, intervals over seeds where there are."""
    marks = (
        ("edited classes", EDIT, "o", [one.target for one in edit.variants]),
        ("worst group", BIAS, "s", [one.worst_group for one in edit.variants]),
        ("all images", OVERALL, "D", [one.overall for one in edit.variants]),
    )
    with mpl.rc_context(STYLE):
        figure, axes = _axes(1.0 + 0.3 * len(edit.variants))
        for label, colour, marker, estimates in marks:
            places = [(row, one) for row, one in enumerate(estimates) if one is not None]
            if places:
                rows, known = zip(*places, strict=True)
                axes.errorbar(
                    [100 * one.mean for one in known], rows, xerr=_spread(known), fmt=marker,
                    color=colour, capsize=2, label=label, markersize=8 if marker == "D" else 5,
                    markerfacecolor="none" if marker == "D" else None,  # often over another
                )  # fmt: skip
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0)
        _rows(axes, names)
        return _svg(figure, anchor, f"Edit {shown(edit.id)} and its controls")


def _spread(known: Sequence[Estimate]) -> list[list[float]]:
    return [
        [100 * (one.mean - (one.mean if one.lo is None else one.lo)) for one in known],
        [100 * ((one.mean if one.hi is None else one.hi) - one.mean) for one in known],
    ]


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, height), layout="constrained")
    return figure, figure.add_subplot()


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a chart, the first on top."""
    axes.set_yticks(range(len(names)), [_short(shown(name)) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("accuracy in %")
    axes.grid(visible=True, axis="x", linewidth=0.5)


def _short(name: str) -> str:
    return name if len(name) <= NAME_LETTERS else f"{name[: NAME_LETTERS - 1]}…"


def _svg(figure: Figure, anchor: str, title: str) -> Markup:
    """Return a figure as an element of HTML, its ids its own.

    Args:
        figure: The figure.
        anchor: Begins every id in it: a page has many.
        title: What it shows, for those who do not see it.
    """
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that its font lacks: the browser's has them
        figure.savefig(file, format="svg", transparent=True, metadata=NO_METADATA)
    root = ET.fromstring(file.getvalue())
    ids = [element.get("id", "") for element in root.iter() if element.get("id")]
    for parent in list(root.iter()):
        for child in [one for one in parent if one.tag.endswith(("}metadata", "}style"))]:
            parent.remove(child)  # a style would be the whole page's: style.css has it
    for element in root.iter():
        element.tag = element.tag.removeprefix(NAMESPACES[0])
        for name, value in list(element.attrib.items()):
            del element.attrib[name]
            element.set(name.removeprefix(NAMESPACES[1]), _value(name, value, set(ids), anchor))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", title)
    return Markup(ET.tostring(root, encoding="unicode", method="html"))


def _value(name: str, value: str, ids: set[str], anchor: str) -> str:
    """Return an attribute as it is on the page: ids and colours are the page's."""
    if name == "id":
        return f"{anchor}-{value}"
    if value.startswith("#") and value[1:] in ids:
        return f"#{anchor}-{value[1:]}"
    if name in ("style", "fill", "stroke"):
        for drawn, own in COLOURS.items():
            value = value.replace(drawn, own)
    return value.replace("url(#", f"url(#{anchor}-")
