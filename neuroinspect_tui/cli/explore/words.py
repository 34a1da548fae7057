"""`words`: what a class's mistakes look like, and what neurons see, in words."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.schema.errors import RequestError
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import DetachFeatures, Device, Executor, Json, Seed, Workspace
from neuroinspect_tui.cli.output import print_json, say, table
from screens.words import LOOKS_LIKE, OTHERS_LIKE, counted, counted_words, reason

if TYPE_CHECKING:
    from engine.words.naming_mistakes import ClassWords
    from engine.words.naming_neurons import NamedNeurons
    from neuroinspect_tui.cli.opening import Opened
    from neuroinspect_tui.cli.word_space import Looked

SHOWN = 6
"""Words of a side that a line has."""
NEURONS_SHOWN = 100
WordsFile = Annotated[
    Path | None,
    typer.Option(
        "--words", metavar="FILE",
        help="Words to try beside the built-in ones, a line each, or word<TAB>prompt.",
    ),
]  # fmt: skip


def command(
    class_key: Annotated[
        list[str] | None,
        typer.Option(
            "--class", "-c", metavar="NAME|INDEX", autocompletion=completion.classes,
            help="A class whose mistakes to name; may be repeated.",
        ),
    ] = None,
    workspace: Workspace = None,
    confusion: Annotated[
        str | None,
        typer.Option("--confusion", metavar="NAME|INDEX", autocompletion=completion.classes,
                     help="Only the class's mistakes that are predicted as this one."),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="All classes with mistakes, corrected for their number.")
    ] = False,
    neuron: Annotated[
        list[int] | None,
        typer.Option("--neuron", "-n", metavar="J", help="A neuron to name; may be repeated "
                     "[default, without --class and --all: all neurons]."),
    ] = None,
    words: WordsFile = None,
    seed: Seed = 0,
    device: Device = None,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Say in words what a class's mistakes look like, or what neurons see.

    Needs a CLIP (`init DIR --clip`). A word is shown only if it survives a permutation test over
    the whole vocabulary, stands out from what words do by luck, and is of a CLIP that knows the
    classes; else the reason is said. All images of the evaluation split are looked at.

    Example: neuroinspect-tui words --class "sweet pea"

    Example: neuroinspect-tui words --neuron 853 --json
    """
    from neuroinspect_tui.cli.opening import class_of, open_workspace
    from neuroinspect_tui.cli.word_space import look

    _check(class_key, confusion, neuron, every=all_)
    opened = open_workspace(workspace, device, detach=detach, executor=executor)
    listed = opened.split()
    classes = [class_of(listed, key) for key in class_key or ()]
    other = None if confusion is None else class_of(listed, confusion)
    if other is not None and other == classes[0]:
        raise RequestError("--confusion is what the class is predicted as; name another class.")
    looked = look(opened, words)
    if all_:
        return _all(looked, seed, json=json)
    if classes:
        return _classes(looked, list(dict.fromkeys(classes)), other, seed, json=json)
    return _neurons(opened, looked, neuron, json=json)


def _check(
    classes: Sequence[str] | None,
    confusion: str | None,
    neurons: Sequence[int] | None,
    *,
    every: bool,
) -> None:
    if bool(classes) + every + bool(neurons) > 1:
        raise RequestError("Give one of --class, --all and --neuron.")
    if confusion is not None and len(classes or ()) != 1:
        raise RequestError("--confusion belongs to one --class; give that class.")


def _classes(
    looked: "Looked", classes: Sequence[int], other: int | None, seed: int, *, json: bool
) -> None:
    from engine.words.naming_mistakes import name_mistakes

    found = [name_mistakes(looked.space, k, other, seed) for k in classes]
    if json:
        return print_json({"classes": found, "images": looked.images})
    say(looked.images)
    for each in found:
        show(each)
    return None


def show(found: "ClassWords") -> None:
    """Print the words of a class's mistakes."""
    of = "" if found.other is None else f" predicted as {found.other.name}"
    say(
        f"{found.class_.name}: {counted(found.mistakes, 'mistake')}{of}, "
        f"{counted(found.right, 'right image')}; {found.tested:,} words tried"
    )
    causes = [word for word in found.words if not word.is_class]
    for title, side in (
        (LOOKS_LIKE, [word for word in causes if word.effect > 0]),
        (OTHERS_LIKE, [word for word in causes if word.effect < 0]),
    ):
        if side:
            told = ", ".join(f"{word.word} {word.effect:+.2f}" for word in side[:SHOWN])
            more = f", and {len(side) - SHOWN} more" if len(side) > SHOWN else ""
            say(f"  {title:<24}{told}{more}")
    if not causes:
        say(f"  {reason(found)}")


def _all(looked: "Looked", seed: int, *, json: bool) -> None:
    from engine.words.naming_mistakes import name_all

    found = name_all(looked.space, seed)
    counts = counted_words(found)
    if json:
        words = [{"word": word, "classes": names} for word, names in counts]
        return print_json({"classes": found, "words": words, "images": looked.images})
    say(looked.images)
    told = [each for each in found if each.words]
    say(
        f"{len(told)} of {counted(len(found), 'class', 'classes')} with mistakes have words, "
        "corrected for the number of classes."
    )
    for each in told:
        show(each)
    if counts:
        table(
            ("|word", ">classes", "whose mistakes look like it"),
            ((word, str(len(names)), ", ".join(names)) for word, names in counts),
        )
    _say_why(found)
    return None


def _say_why(found: Sequence["ClassWords"]) -> None:
    """Say how many classes have no words because CLIP does not know them."""
    unknown = [each for each in found if not each.known]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        say(f"{unknown[0].class_.name}{more}: {unknown[0].why_not}")


def _neurons(
    opened: "Opened", looked: "Looked", neurons: Sequence[int] | None, *, json: bool
) -> None:
    from engine.attribution.query import check_neurons
    from neuroinspect_tui.cli.word_space import name_neurons

    check_neurons(neurons or (), looked.cache.meta.width)
    found = name_neurons(opened, looked)
    wanted = list(neurons or range(looked.cache.meta.width))
    if json:
        some = [found.neurons[j] for j in wanted] if found.neurons else []
        return print_json({"neurons": some, "tested": found.tested, "why_not": found.why_not})
    say(looked.images)
    if found.why_not:
        say(f"No neuron has a word: {found.why_not}.")
    return _show_neurons(found, wanted)


def _show_neurons(found: "NamedNeurons", wanted: Sequence[int]) -> None:
    entries = [found.neurons[j] for j in wanted] if found.neurons else []
    table(
        (">neuron", "words (soft-WPMI)", ">confidence", ">clarity", ">polysemanticity"),
        (
            (
                str(each.neuron),
                ", ".join(f"{word.word} {word.score:.1f}" for word in each.words) or "no word",
                f"{each.confidence:.0%}",
                f"{each.clarity:.2f}",
                f"{each.polysemanticity:.2f}",
            )
            for each in entries[:NEURONS_SHOWN]
        ),
    )
    if (more := len(entries) - NEURONS_SHOWN) > 0:
        say(f"... and {more:,} more; `words --json` lists them all.")
