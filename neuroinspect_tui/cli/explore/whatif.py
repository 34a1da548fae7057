"""`whatif`: what scaling some neurons would do, nothing trained."""

from typing import Annotated, cast, get_args

import typer

from engine.ablation.query import preview_ablation
from engine.schema.errors import RequestError
from engine.schema.records import CurvePoint, Outcome, WhatIf
from engine.schema.requests import Rows
from neuroinspect_tui.cli.explore.neurons import read_by
from neuroinspect_tui.cli.options import ByKey, ClassKey, Detach, Json, Seed, Workspace
from neuroinspect_tui.cli.output import print_json, say, table
from screens.words import percent

SHOWN_POINTS = 20


def command(
    class_key: ClassKey,
    workspace: Workspace = None,
    neuron: Annotated[
        list[int] | None, typer.Option("--neuron", "-n", metavar="J", help="May be repeated.")
    ] = None,
    top: Annotated[
        str | None, typer.Option("--top", metavar="N|N%", help="The first N of the order.")
    ] = None,
    by: ByKey = "contrast",
    scale: Annotated[float, typer.Option("--scale", help="0 silences, 1 changes nothing.")] = 0.0,
    rows: Annotated[
        str, typer.Option("--rows", help="concerned (the class and its confusions) or all.")
    ] = "concerned",
    curve: Annotated[bool, typer.Option("--curve", help="The same for every N at once.")] = False,
    seed: Seed = 0,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Tell what scaling neurons would win and lose, at once and untrained.

    Example: neuroinspect-tui whatif --class "sweet pea" --top 40 --curve
    """
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    order, touched = read_by(by), read_rows(rows)
    cache = open_workspace(workspace, detach=detach).cache()
    answer = preview_ablation(
        cache, class_of(cache, class_key), chosen=neuron or (), top=top, by=order, scale=scale,
        rows=touched, with_curve=curve, seed=seed,
    )  # fmt: skip
    if json:
        return print_json(answer)
    return _show(answer)


def read_rows(text: str) -> Rows:
    """Read --rows."""
    if text not in get_args(Rows):
        raise RequestError(f"--rows {text!r} is none of {', '.join(get_args(Rows))}.")
    return cast(Rows, text)


def _show(answer: WhatIf) -> None:
    name = answer.class_.name
    count = len(answer.neurons)
    say(
        f"{count} {'neuron' if count == 1 else 'neurons'} scaled by {answer.scale:g} "
        f"for {len(answer.rows)} classes: "
        f"won {len(answer.fixed)}, lost {len(answer.broken)} images"
    )
    columns = ["", ">overall", f">{name}", ">worst class"]
    columns += [">worst group"] if answer.before.worst_group is not None else []
    lines = (
        ("before", answer.before),
        ("if scaled", answer.after),
        ("bias shift, equal cost", answer.bias_shift),
    )
    table(columns, ((title, *_cells(some)) for title, some in lines))
    table(
        ("class", ">n", ">before", ">after", ">won", ">lost"),
        (
            (c.name, str(c.n), percent(c.before), percent(c.after), str(c.fixed), str(c.broken))
            for c in answer.classes + (answer.groups or ())
            if c.fixed or c.broken
        ),
    )
    if answer.curve:
        _show_curve(answer.curve, name)


def _cells(some: Outcome) -> tuple[str, ...]:
    cells = map(percent, (some.overall, some.target, some.worst_class))
    return (*cells, *(() if some.worst_group is None else (percent(some.worst_group),)))


def _show_curve(points: tuple[CurvePoint, ...], name: str) -> None:
    step = max(1, len(points) // SHOWN_POINTS)
    table(
        (">N", ">overall", f">{name}", ">bias shift", ">random", ">won", ">lost"),
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
