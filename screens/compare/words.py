"""An edit's experiment in lines of text. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len

from engine.editing.heads import EDIT, LAMBDA_0, ORIGINAL, PLACEBO, RETRAIN, SHIFT
from engine.grouping.store import FOUND
from engine.schema.edits import Difference, Edit, Estimate, Variant
from engine.schema.records import Exported
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
    rows = [_cells(variant, against.get(variant.name), grouped, own) for variant in variants]
    heads = (
        Column("", 10),
        Column(f"{short(target(edit), 9)} %", 11, "right"),
        Column("overall %", 10, "right"),
        Column("worst class", 11, "right", drop=1),
        *((Column("worst group", 11, "right"),) if grouped else ()),
        *((Column("by data's", 9, "right"),) if own else ()),
        Column("fixed·broken", 12, "right", drop=2),
        Column("edit − this", 18, "right"),
    )
    columns = tuple(
        replace(column, width=max(column.width, *map(cell_len, cells)))
        for column, cells in zip(heads, zip(*rows, strict=True), strict=True)
    )
    fit = fitted(columns, width)
    lines = [header(columns, fit, None)]
    lines[0].stylize("bold dim")
    for variant, cells in zip(variants, rows, strict=True):
        lines.append(line(columns, cells, fit))
        if variant.name == EDIT:
            lines[-1].stylize("bold")
    return stacked(lines)


def controls(edit: Edit) -> str:
    """Return what the controls in the table are."""
    names = [variant.name for variant in _in_order(edit.variants)]
    return "   ".join(
        [*(f"{name}: {CONTROLS[name]}" for name in names if name in CONTROLS), *_by(edit)]
    )


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


def _cells(variant: Variant, against: Difference | None, grouped: bool, own: bool) -> Cells:
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
        "" if against is None else _difference(against),
    )


def estimated(estimate: Estimate | None) -> str:
    """Return `93.1 ±0.2`, half the 95% interval over seeds, in percent; a dash for None."""
    if estimate is None:
        return "–"
    half = "" if estimate.hi is None else f" ±{100 * (estimate.hi - estimate.mean):.1f}"
    return f"{100 * estimate.mean:.1f}{half}"


def _difference(against: Difference) -> str:
    return f"{100 * against.points:+.1f} [{100 * against.lo:+.1f} {100 * against.hi:+.1f}]"


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
