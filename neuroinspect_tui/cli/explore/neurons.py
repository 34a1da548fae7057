"""`neurons`: the neurons behind a class's mistakes."""

from collections.abc import Sequence
from typing import Annotated

import typer

from engine.attribution.rankings import DEFAULT
from engine.schema.records import RankedNeuron
from neuroinspect_tui.cli.options import (
    ByKey,
    ClassKey,
    DetachFeatures,
    Executor,
    Json,
    Seed,
    Workspace,
)
from neuroinspect_tui.cli.output import print_json, say, table
from screens.words import counted


def command(
    class_key: ClassKey,
    workspace: Workspace = None,
    by: ByKey = DEFAULT,
    top: Annotated[
        int, typer.Option("--top", metavar="N", help="How many neurons each list has.")
    ] = 20,
    mistake: Annotated[
        str | None, typer.Option("--mistake", metavar="PATH", help="Explain this one image only.")
    ] = None,
    seed: Seed = 0,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """Rank the neurons behind a class's mistakes.

    Those too weak on them (insufficient), and those too strong (excessive).

    Example: neuroinspect-tui neurons --class "sweet pea" --by votes
    """
    from engine.attribution.query import rank_neurons
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    cache = open_workspace(workspace, detach=detach, executor=executor).cache()
    answer = rank_neurons(
        cache, class_of(cache, class_key), by=by, top=top, seed=seed, mistake=mistake
    )
    if json:
        return print_json(answer)
    of = answer.mistake or counted(answer.mistakes, "mistake")
    say(
        f"{answer.class_.name} by {answer.by}: {of}, {answer.flipped} flipped by the "
        f"counterfactual (median {answer.median_steps:g} steps)",
        answer.note,
    )
    _show("too weak (insufficient)", answer.insufficient)
    _show("too strong (excessive)", answer.excessive)
    return None


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
