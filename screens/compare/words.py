"""An edit's experiment in lines of text. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len

from engine.editing.heads import EDIT, LAMBDA_0, ORIGINAL, PLACEBO, RETRAIN, SHIFT
from engine.grouping.store import FOUND
from engine.schema.edits import Comparison, Difference, Edit, Estimate, Variant
from engine.schema.records import Exported
from screens.widgets.forest import LEAST, UNCLEAR, Axis, Interval
from screens.widgets.rows import Column, fitted, header, line
from screens.widgets.text import Text, short, stacked
from screens.words import counted, percent

Cells = tuple[str, ...]
CONTROLS = {
    LAMBDA_0: "no-penalty control",
    PLACEBO: "random-neuron control",
    RETRAIN: "plain retraining",
    SHIFT: "bias-adjustment baseline",
}


def about(edit: Edit, applied: bool) -> Text:
    """Return what was edited how, on which images it was selected and reported, and its state."""
    start = f", on {on}" if (on := edit.provenance.get("on")) else ""
    first = Text.assemble(
        (f"{edit.made_by} for {target(edit)}{_neurons(edit)}{start}", "bold"),
        "   ",
        "✓ applied: the list of classes shows it" if applied else "not applied",
    )
    images = (
        f"selection {edit.selected_on} · held-out {edit.reported_on}: "
        f"{counted(edit.n_report, 'image')}, {edit.n_target:,} of {target(edit)}"
    )
    return stacked((first, Text(images, "dim")))


def target(edit: Edit) -> str:
    """Return the class's name, or how many there are."""
    if len(edit.classes) == 1:
        return edit.classes[0].name
    return counted(len(edit.classes), "class", "classes")


def _neurons(edit: Edit) -> str:
    counts = {len(neurons) for neurons in edit.neurons.values()}
    return f", {counted(max(counts), 'neuron')}" if counts else ""


def experiment(edit: Edit, width: int) -> Text:
    """Return a table of all variants: before, the controls, the edit; at most `width` cells."""
    grouped = any(variant.worst_group for variant in edit.variants)
    own = any(variant.worst_own_group for variant in edit.variants)
    against = {difference.control: difference for difference in edit.differences}
    variants = _in_order(edit.variants)
    gains = {name: _gain(edit, some) for name, some in against.items()}
    rows = [_cells(variant, gains.get(variant.name), grouped, own) for variant in variants]
    heads = (
        Column("", 10),
        Column(f"{short(target(edit), 9)} %", 11, "right"),
        Column("overall %", 9, "right", drop=1 if own else 2),
        Column("worst class", 11, "right", drop=3),
        *((Column("worst group", 11, "right"),) if grouped else ()),
        *((Column("by data's", 9, "right"),) if own else ()),
        Column("fixed·broken", 12, "right", drop=4),
        Column("", LEAST, flex=True, drop=2 if own else 1),
        Column("edit − this", 16, "right"),
    )
    columns = tuple(
        replace(column, width=max(column.width, *map(cell_len, cells)))
        for column, cells in zip(heads, zip(*rows, strict=True), strict=True)
    )
    fit = fitted(columns, width)
    plot = len(columns) - 2
    axis = Axis.of(list(gains.values()), dict(fit).get(plot, LEAST))
    heads = (
        *columns[:plot],
        replace(columns[plot], title=axis.labels() if gains else ""),
        columns[-1],
    )
    lines = [header(heads, fit, None)]
    lines[0].stylize("bold dim")
    for variant, cells in zip(variants, rows, strict=True):
        gain = gains.get(variant.name)
        drawn = "" if gain is None else axis.draw(gain)
        lines.append(line(columns, (*cells[:plot], drawn, cells[-1]), fit))
        if variant.name == EDIT:
            lines[-1].stylize("bold")
    return stacked(lines)


def controls(edit: Edit) -> str:
    """Return what the controls in the table are, and in what the edit is compared with them."""
    names = [variant.name for variant in _in_order(edit.variants)]
    said = [f"{name}: {CONTROLS[name]}" for name in names if name in CONTROLS]
    if edit.differences:
        where = "the worst group" if by_group(edit) else target(edit)
        said.append(f"edit − this: in {where}, {UNCLEAR} where 0 is in the 95% interval")
    return "   ".join([*said, *_by(edit)])


def by_group(edit: Edit) -> bool:
    """Tell whether the edit is compared in its worst group, as its verdict is."""
    return bool(edit.differences) and all(d.group_points is not None for d in edit.differences)


def _gain(edit: Edit, some: Difference) -> Interval:
    if by_group(edit):
        return Interval(some.group_points or 0.0, some.group_lo or 0.0, some.group_hi or 0.0)
    return Interval(some.points, some.lo, some.hi)


def _by(edit: Edit) -> list[str]:
    """Say by which groups the worst group is, where not by the data's own."""
    grouping = edit.provenance.get("groups", "").partition(" ")[0]
    if not grouping:
        return []
    beside = any(variant.worst_own_group for variant in edit.variants)
    own = "; by data's: by the data's own groups" if beside else ""
    return [
        f"worst group: by {grouping} groups{own}"
        if grouping == FOUND
        else f"worst group: by the grouping {grouping}{own}"
    ]


def _in_order(variants: Sequence[Variant]) -> list[Variant]:
    places = {ORIGINAL: -1, EDIT: 1}
    return sorted(variants, key=lambda variant: places.get(variant.name, 0))


def _cells(variant: Variant, gain: Interval | None, grouped: bool, own: bool) -> Cells:
    name = {ORIGINAL: "before", EDIT: "edit"}.get(variant.name, variant.name)
    return (
        name,
        estimated(variant.target),
        estimated(variant.overall),
        estimated(variant.worst_class),
        *((estimated(variant.worst_group),) if grouped else ()),
        *((estimated(variant.worst_own_group),) if own else ()),
        ""
        if variant.name == ORIGINAL
        else f"{round(variant.fixed, 1):g}·{round(variant.broken, 1):g}",
        "",
        "" if gain is None else _difference(gain),
    )


def estimated(estimate: Estimate | None) -> str:
    """Return `93.1 ±0.2`, half the 95% interval over seeds, in percent; a dash for None."""
    if estimate is None:
        return "–"
    half = "" if estimate.hi is None else f" ±{100 * (estimate.hi - estimate.mean):.1f}"
    return f"{100 * estimate.mean:.1f}{half}"


def _difference(gain: Interval) -> str:
    return f"{100 * gain.point:+.1f} [{100 * gain.lo:+.1f} {100 * gain.hi:+.1f}]"


def calibrated(found: Comparison) -> str:
    """Return the expected calibration error before the edit and after it."""
    before, after = found.calibration_before.ece, found.calibration_after.ece
    return f"calibration error {percent(before)} → {percent(after)}"


def exported(done: Exported, model: str, classes: int, name: str) -> Text:
    """Return where a checkpoint is, its accuracies, and how timm loads it."""
    after = done.after
    accuracies = f"overall {percent(after.overall, 2)}"
    if after.target is not None:
        accuracies += f", {name} {percent(after.target)}"
    loading = (
        f'timm.create_model("{model}", num_classes={classes}, checkpoint_path="{done.checkpoint}")'
    )
    first = Text.assemble(("✓ written ", "bold"), done.checkpoint)
    return stacked((first, f"  accuracy {accuracies}, on the held-out images", f"  {loading}"))
