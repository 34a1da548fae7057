"""An edit's experiment in lines of text. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from engine.editing.heads import EDIT, ORIGINAL
from engine.schema.edits import Difference, Edit, Estimate, Variant
from engine.schema.records import Exported
from screens.widgets.rows import Column, fitted, header, line
from screens.words import counted, percent

Cells = tuple[str, ...]


def about(edit: Edit, applied: bool) -> Text:
    """Return what was edited how, where it was chosen and reported, and whether it is kept."""
    start = f", on {on}" if (on := edit.provenance.get("on")) else ""
    said = Text.assemble(
        (f"{edit.method} for {target(edit)}{_neurons(edit)}{start}", "bold"),
        "   ",
        "✓ kept: the classes show it" if applied else "not kept",
    )
    said.append(
        f"\nchosen on {edit.selected_on} · reported on {edit.reported_on}: "
        f"{counted(edit.n_report, 'image')}, {edit.n_target:,} of {target(edit)}",
        "dim",
    )
    return said


def target(edit: Edit) -> str:
    """Return the class's name, or how many there are."""
    if len(edit.classes) == 1:
        return edit.classes[0].name
    return counted(len(edit.classes), "class", "classes")


def _neurons(edit: Edit) -> str:
    counts = {len(some) for some in edit.neurons.values()}
    return f", {counted(max(counts), 'neuron')}" if counts else ""


def experiment(edit: Edit, width: int) -> Text:
    """Return a table of every arm: before, the controls, the edit; at most `width` cells."""
    grouped = any(variant.worst_group for variant in edit.variants)
    against = {some.control: some for some in edit.differences}
    variants = _in_order(edit.variants)
    rows = [_cells(variant, against.get(variant.name), grouped) for variant in variants]
    heads = (
        Column("", 10),
        Column(f"{target(edit)[:9]} %", 11, "right"),
        Column("overall %", 10, "right"),
        Column("worst class", 11, "right", drop=1),
        *((Column("worst group", 11, "right"),) if grouped else ()),
        Column("won·lost", 8, "right", drop=2),
        Column("edit − this", 18, "right"),
    )
    columns = tuple(
        replace(column, width=max(column.width, *map(len, cells)))
        for column, cells in zip(heads, zip(*rows, strict=True), strict=True)
    )
    fit = fitted(columns, width)
    lines = [header(columns, fit, None)]
    lines[0].stylize("bold dim")
    for variant, cells in zip(variants, rows, strict=True):
        lines.append(line(columns, cells, fit))
        if variant.name == EDIT:
            lines[-1].stylize("bold")
    return Text("\n").join(lines)


def _in_order(variants: Sequence[Variant]) -> list[Variant]:
    places = {ORIGINAL: -1, EDIT: 1}
    return sorted(variants, key=lambda variant: places.get(variant.name, 0))


def _cells(variant: Variant, against: Difference | None, grouped: bool) -> Cells:
    name = {ORIGINAL: "before", EDIT: "edit"}.get(variant.name, variant.name)
    return (
        name,
        estimated(variant.target),
        estimated(variant.overall),
        estimated(variant.worst_class),
        *((estimated(variant.worst_group),) if grouped else ()),
        ""
        if variant.name == ORIGINAL
        else f"{round(variant.fixed, 1):g}·{round(variant.broken, 1):g}",
        "" if against is None else _difference(against),
    )


def estimated(some: Estimate | None) -> str:
    """Return `93.1 ±0.2`, half the 95% interval over seeds, in percent; a dash for None."""
    if some is None:
        return "–"
    half = "" if some.hi is None else f" ±{100 * (some.hi - some.mean):.1f}"
    return f"{100 * some.mean:.1f}{half}"


def _difference(some: Difference) -> str:
    return f"{100 * some.points:+.1f} [{100 * some.lo:+.1f} {100 * some.hi:+.1f}]"


def exported(done: Exported, model: str, classes: int, name: str) -> Text:
    """Return where a checkpoint is, what it promises, and how timm loads it."""
    after = done.after
    promise = f"overall {percent(after.overall, 2)}"
    if after.target is not None:
        promise += f", {name} {percent(after.target)}"
    loading = (
        f'timm.create_model("{model}", num_classes={classes}, checkpoint_path="{done.checkpoint}")'
    )
    return Text.assemble(
        ("✓ written ", "bold"), f"{done.checkpoint}\n",
        f"  promises {promise}, where the edit was reported\n  {loading}",
    )  # fmt: skip
