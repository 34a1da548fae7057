"""`whatif`: preview what scaling neurons would do, without training."""

from typing import Annotated

import typer

from engine.attribution.rankings import DEFAULT
from engine.schema.records import AblationPreview, CurvePoint, Outcome
from neuroinspect_tui.cli.options import (
    ByKey,
    ClassKey,
    DetachFeatures,
    Executor,
    Json,
    RowsKey,
    Seed,
    Workspace,
)
from neuroinspect_tui.cli.output import print_json, say, table
from screens.words import percent

SHOWN_POINTS = 20


def command(
    class_key: ClassKey,
    workspace: Workspace = None,
    neuron: Annotated[
        list[int] | None,
        typer.Option("--neuron", "-n", metavar="J", help="A neuron; may be repeated."),
    ] = None,
    top: Annotated[
        str | None,
        typer.Option("--top", metavar="N|N%", help="The first N neurons of the ranking."),
    ] = None,
    by: ByKey = DEFAULT,
    scale: Annotated[
        float, typer.Option("--scale", help="Factor: 0 ablates, 1 changes nothing.")
    ] = 0.0,
    rows: RowsKey = "affected",
    curve: Annotated[bool, typer.Option("--curve", help="Show it for every N too.")] = False,
    seed: Seed = 0,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """Preview which images scaling neurons would fix and break.

    Nothing is trained: the answer is there at once.

    Example: neuroinspect-tui whatif --class "sweet pea" --top 40 --curve
    """
    from engine.ablation.query import preview_ablation
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    cache = open_workspace(workspace, detach=detach, executor=executor).cache()
    answer = preview_ablation(
        cache, class_of(cache, class_key), chosen=neuron or (), top=top, by=by, scale=scale,
        rows=rows, with_curve=curve, seed=seed,
    )  # fmt: skip
    if json:
        return print_json(answer)
    return _show(answer)


def _show(answer: AblationPreview) -> None:
    name = answer.class_.name
    count = len(answer.neurons)
    say(
        f"{count} {'neuron' if count == 1 else 'neurons'} scaled by {answer.scale:g} "
        f"for {len(answer.rows)} classes: "
        f"{len(answer.fixed)} images fixed, {len(answer.broken)} broken"
    )
    columns = ["", ">overall", f">{name}", ">worst class"]
    columns += [">worst group"] if answer.before.worst_group is not None else []
    lines = (
        ("before", answer.before),
        ("if scaled", answer.after),
        ("bias-adjustment baseline, equal cost", answer.bias_shift),
    )
    table(columns, ((title, *_cells(outcome)) for title, outcome in lines))
    table(
        ("class", ">n", ">before", ">after", ">fixed", ">broken"),
        (
            (c.name, str(c.n), percent(c.before), percent(c.after), str(c.fixed), str(c.broken))
            for c in answer.classes + (answer.groups or ())
            if c.fixed or c.broken
        ),
    )
    if answer.curve:
        _show_curve(answer.curve, name)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    cells = map(percent, (outcome.overall, outcome.target, outcome.worst_class))
    return (*cells, *(() if outcome.worst_group is None else (percent(outcome.worst_group),)))


def _show_curve(points: tuple[CurvePoint, ...], name: str) -> None:
    step = max(1, len(points) // SHOWN_POINTS)
    table(
        (">N", ">overall", f">{name}", ">bias shift", ">random", ">fixed", ">broken"),
        (
            (
                str(p.n),
                percent(p.edit.overall),
                percent(p.edit.target),
                percent(p.bias_shift.target),
                percent(p.placebo.target),
                str(p.fixed),
                str(p.broken),
            )
            for p in points[::step]
        ),
    )
