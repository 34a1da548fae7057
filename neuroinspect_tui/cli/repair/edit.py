"""`edit`: edit the decision layer against every control."""

from pathlib import Path
from typing import Annotated, TypeVar

import typer

from engine.editing.methods import DEFAULT
from engine.schema.edits import Edit, Estimate
from engine.schema.errors import RequestError
from engine.schema.requests import Preset, Select
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.choices import MethodName, RankingName
from neuroinspect_tui.cli.options import Detach, Device, Executor, Json, RowsKey, Seed, Workspace
from neuroinspect_tui.cli.output import print_json, say, table
from neuroinspect_tui.program import command_line

T = TypeVar("T")


def command(
    class_key: Annotated[
        list[str],
        typer.Option(
            "--class", "-c", metavar="NAME|INDEX|all", autocompletion=completion.classes,
            help="A class; may be repeated. Each has its own neurons.",
        ),
    ],
    workspace: Workspace = None,
    neuron: Annotated[
        list[int] | None, typer.Option("--neuron", "-n", metavar="J", help="May be repeated.")
    ] = None,
    top: Annotated[
        str,
        typer.Option("--top", metavar="N|N%|auto", help="The first N neurons of the ranking; auto: "
                     "what does best on the selection images (zero), or the preset's (ratio)."),
    ] = "auto",
    by: Annotated[
        RankingName | None,
        typer.Option("--by", help="The ranking that orders the neurons [default: the method's: "
                     "contrast, or votes for ratio as published]."),
    ] = None,
    method: Annotated[
        MethodName,
        typer.Option("--method", help="zero ablates and refits the biases, ratio trains with the "
                     "published loss; dfr and direction need groups; auto takes the best of "
                     "several (docs/editing.md)."),
    ] = DEFAULT,
    preset: Annotated[
        Preset, typer.Option("--preset", help="For ratio: paper or bird (as published), or wide.")
    ] = "wide",
    strength: Annotated[
        float | None, typer.Option("--strength", help="lambda of ratio [default: the preset's].")
    ] = None,
    target: Annotated[
        str, typer.Option("--target", metavar="auto|FLOAT", help="The target ratio o; 1: do not "
                          "depend on these neurons at all.")
    ] = "auto",
    rows: RowsKey = "affected",
    epochs: Annotated[
        int, typer.Option("--epochs", help="Passes over the training features, of methods that "
                          "train.")
    ] = 20,
    lr: Annotated[float | None, typer.Option("--lr", help="[default: the preset's]")] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="[default: the preset's]")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="The number of random seeds.")] = 5,
    views: Annotated[
        int, typer.Option("--views", help="The number of augmented views of the training images; "
                          "1: the images as they are.")
    ] = 1,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option of the method's own; may be "
                     "repeated.")
    ] = None,
    select: Annotated[
        Select, typer.Option("--select", help="What counts as best on the selection images.")
    ] = "accuracy",
    test_split: Annotated[
        str | None,
        typer.Option("--test-split", metavar="NAME", help="Report on that split, and select "
                     "on the whole evaluation split instead of one half of it."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="EDIT", help="Start from an edit's decision layer, and "
                     "repair the mistakes that remain with it."),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", metavar="NAME|found", autocompletion=completion.groupings,
                     help="Groups instead of the data's: a grouping's (see `groups`), or found "
                     "without labels, on the selection images."),
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    detach: Detach = False,
    executor: Executor = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Edit the decision layer for a class and compare the edit with every control.

    Selects on one half of the evaluation split and reports on the other, held-out half.

    Example: neuroinspect-tui edit --class all --method auto

    Example: neuroinspect-tui edit --class all --method dfr --group-by found

    Example: neuroinspect-tui edit --class "sweet pea" --method ratio --seeds 5
    """
    from engine.editing.options import check_options
    from engine.editing.store import find_edit
    from engine.grouping.store import FOUND, load
    from engine.schema.bounds import check_bounds
    from engine.schema.requests import EditRequest
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    opened = open_workspace(workspace, device, detach=detach, executor=executor)
    start = None if on is None else find_edit(opened.home / "edits", on).name
    listing = opened.split()
    every = any(key.casefold() == "all" for key in class_key)
    classes = range(len(listing.classes)) if every else [class_of(listing, k) for k in class_key]
    request = EditRequest(
        classes=tuple(dict.fromkeys(classes)), neurons=tuple(neuron or ()), top=top, by=by,
        method=method, preset=preset, strength=strength, target=_target(target), rows=rows,
        epochs=epochs, lr=lr, batch_size=batch_size, seeds=seeds, seed=seed, views=views,
        options=dict(map(_option, option or ())), select=select, test_split=test_split, on=start,
        group_by=group_by,
    )  # fmt: skip
    check_bounds(request)  # before torch is loaded for nothing
    check_options(request)
    if group_by is not None and group_by != FOUND:
        load(opened.home, group_by)
    answer = opened.run(request)
    return print_json(answer) if json else show(answer, opened.home)


def _option(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise RequestError(f"--set {text!r} is no option; give NAME=NUMBER.") from None


def _target(text: str) -> float | None:
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise RequestError(f"--target {text!r} is no ratio; give auto, or 1.0.") from None


def show(answer: Edit, home: Path) -> None:
    """Print an edit beside its controls."""
    names = ", ".join(label.name for label in answer.classes[:3])
    more = f" and {len(answer.classes) - 3} more" if len(answer.classes) > 3 else ""
    say(
        f"{answer.id}: {answer.made_by} for {names}{more}{_neurons(answer)}"
        + (f", on {start}" if (start := answer.provenance.get("on")) else ""),
        f"selected on {answer.selected_on} images, reported on {answer.reported_on} held-out ones "
        f"({answer.n_target} of the class)",
    )
    grouped = any(variant.worst_group for variant in answer.variants)
    columns = ["", ">overall", ">class", ">worst class"]
    columns += [">worst group"] if grouped else []
    own = any(variant.worst_own_group for variant in answer.variants)
    columns += [">by the data's"] if own else []
    table(
        (*columns, ">fixed", ">broken"),
        (
            (
                variant.name,
                *map(
                    interval,
                    (variant.overall, variant.target, variant.worst_class, variant.worst_group)[
                        : 3 + grouped
                    ],
                ),
                *([interval(variant.worst_own_group)] if own else []),
                f"{variant.fixed:.3g}",
                f"{variant.broken:.3g}",
            )
            for variant in answer.variants
        ),
    )
    table(
        ("edit against", ">class, points", ">95%", ">others, points"),
        (
            (
                d.control,
                f"{100 * d.points:+.1f}",
                f"[{100 * d.lo:+.1f} {100 * d.hi:+.1f}]",
                f"{100 * d.cost_points:+.1f}",
            )
            for d in answer.differences
        ),
    )
    say(answer.verdict, *answer.notes)
    say(
        "Next:",
        f"  {command_line(home, 'compare', answer.id)}",
        f"  {command_line(home, 'export', answer.id, '--out', 'fixed.safetensors')}",
    )


def _neurons(answer: Edit) -> str:
    counts = {len(some) for some in answer.neurons.values()}
    if not counts:
        return ""
    return f", {max(counts)} neurons" + (" each" if len(answer.neurons) > 1 else "")


def interval(estimate: Estimate | None) -> str:
    """Return `93.1% ±0.2`, a dash for None."""
    if estimate is None:
        return "-"
    half = "" if estimate.hi is None else f" ±{100 * (estimate.hi - estimate.mean):.1f}"
    return f"{100 * estimate.mean:.1f}%{half}"
