"""`neurons`: the neurons behind a class's mistakes."""

from collections.abc import Sequence
from typing import Annotated

import typer

from engine.attribution.rankings import DEFAULT
from engine.schema.records import RankedNeuron
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import (
    ByKey,
    ClassKey,
    DetachFeatures,
    Executor,
    Json,
    Seed,
    Workspace,
)
from neuroinspect_tui.cli.output import note, print_json, say, table
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
    words: Annotated[
        bool,
        typer.Option("--words", help="Say what each neuron sees, in words; needs a CLIP. Without "
                     "it, where that was said before."),
    ] = False,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", metavar="NAME|found", autocompletion=completion.groupings,
                     help="For --by groups: a grouping's groups (see `groups`), or groups found "
                     "without labels, instead of the data's."),
    ] = None,
    seed: Seed = 0,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Rank the neurons behind a class's mistakes.

    Those too weak on them (insufficient), and those too strong (excessive).

    Example: neuroinspect-tui neurons --class "sweet pea" --by votes

    Example: neuroinspect-tui neurons --class waterbird --by groups --group-by found
    """
    from engine.attribution.query import rank_neurons
    from neuroinspect_tui.cli.opening import class_of, open_workspace
    from neuroinspect_tui.cli.word_space import kept_names, look, name_neurons

    opened = open_workspace(workspace, detach=detach, executor=executor)
    looked = look(opened) if words else None
    cache = opened.cache(group_by=group_by, seed=seed)
    if cache.overlay is not None:
        note(*cache.overlay.notes)
    answer = rank_neurons(
        cache,
        class_of(cache, class_key),
        by=by,
        top=top,
        seed=seed,
        mistake=mistake,
        drawn=opened.home / "illusions",
    )
    names = kept_names(opened, cache) if looked is None else name_neurons(opened, looked)
    if names is not None:
        answer = names.labelled(answer)
    if json:
        return print_json(answer)
    of = answer.mistake or counted(answer.mistakes, "mistake")
    say(
        f"{answer.class_.name} by {answer.by}: {of}, {answer.flipped} flipped by the "
        f"counterfactual (median {answer.median_steps:g} steps)",
        answer.note,
    )
    if names is not None and names.why_not:
        say(f"No neuron has a word: {names.why_not}.")
    own = answer.by if answer.by not in ("contrast", "contribution", "votes") else ""
    _show("too weak (insufficient)", answer.insufficient, own)
    _show("too strong (excessive)", answer.excessive, own)
    return None


def _sensitivity(neuron: RankedNeuron) -> str:
    return "-" if neuron.core_sensitivity is None else f"{neuron.core_sensitivity:.2f}"


def _show(title: str, neurons: Sequence[RankedNeuron], own: str) -> None:
    """Print a list; a ranking `own` that has no column of its own gets one."""
    named = any(n.word is not None for n in neurons)
    drawn = not own and any(n.core_sensitivity is not None for n in neurons)
    columns = (">vote", ">contrast", ">contribution", ">import.", ">stable", ">classes")
    table(
        (
            ">neuron",
            *((f">{own}",) if own else ()),
            *columns,
            *((">core sens.",) if drawn else ()),
            *(("word",) if named else ()),
            "",
        ),
        (
            (
                str(n.neuron),
                *((f"{n.score:.3f}",) if own else ()),
                "-" if n.vote is None else f"{n.vote:.0f}%",
                f"{n.contrast:.4f}",
                f"{n.contribution:+.4f}",
                f"{n.importance:.3f}",
                "-" if n.stability is None else f"{n.stability:.0%}",
                str(n.used_by),
                *((_sensitivity(n),) if drawn else ()),
                *((n.word or "–",) if named else ()),
                "in both lists" if n.ambiguous else "",
            )
            for n in neurons
        ),
        title=title,
    )
