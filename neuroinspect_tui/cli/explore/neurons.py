"""`neurons`: the neurons to blame for a class's mistakes."""

from collections.abc import Sequence
from typing import Annotated, cast, get_args

import typer

from engine.attribution.query import rank_neurons
from engine.schema.errors import RequestError
from engine.schema.records import RankedNeuron
from engine.schema.requests import By
from neuroinspect_tui.cli.options import ByKey, ClassKey, Detach, Json, Seed, Workspace
from neuroinspect_tui.cli.output import print_json, say, table
from screens.words import counted


def command(
    class_key: ClassKey,
    workspace: Workspace = None,
    by: ByKey = "contrast",
    top: Annotated[int, typer.Option("--top", help="Neurons a list.")] = 20,
    mistake: Annotated[
        str | None, typer.Option("--mistake", metavar="PATH", help="Of this one image only.")
    ] = None,
    seed: Seed = 0,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Rank the neurons a class's mistakes lack (insufficient) or have too much (excessive).

    Example: neuroinspect-tui neurons --class "sweet pea" --by votes
    """
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    order = read_by(by)
    cache = open_workspace(workspace, detach=detach).cache()
    answer = rank_neurons(
        cache, class_of(cache, class_key), by=order, top=top, seed=seed, mistake=mistake
    )
    if json:
        return print_json(answer)
    of = answer.mistake or counted(answer.mistakes, "mistake")
    say(
        f"{answer.class_.name} by {answer.by}: {of}, {answer.flipped} mended by the counterfactual "
        f"(median {answer.median_steps:g} steps)",
        answer.note,
    )
    _show("lacks (insufficient)", answer.insufficient)
    _show("has too much (excessive)", answer.excessive)
    return None


def read_by(text: str) -> By:
    """Read --by."""
    if text not in get_args(By):
        raise RequestError(f"--by {text!r} is none of {', '.join(get_args(By))}.")
    return cast(By, text)


def _show(title: str, neurons: Sequence[RankedNeuron]) -> None:
    table(
        (">neuron", ">vote", ">contrast", ">contribution", ">import.", ">stable", ">classes", ""),
        (
            (
                str(n.neuron),
                "-" if n.vote is None else f"{n.vote:.0f}%",
                f"{n.contrast:.4f}",
                f"{n.contribution:+.4f}",
                f"{n.importance:.3f}",
                f"{n.stability:.0%}",
                str(n.used_by),
                "in both lists" if n.ambiguous else "",
            )
            for n in neurons
        ),
        title=title,
    )
