"""`mistakes`: the mistakes of a class, and which images do not count."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from engine.schema.errors import RequestError
from engine.schema.records import Mistake, Mistakes
from neuroinspect_tui.cli.options import ClassKey, DetachFeatures, Executor, Json, Workspace
from neuroinspect_tui.cli.output import below, print_json, say, table
from screens.words import counted, percent

if TYPE_CHECKING:
    from pathlib import Path

    from engine.features.cache import FeatureCache
    from engine.schema.arrays import Array
    from engine.words.naming_mistakes import ClassWords

LOOK = (
    "A suspect is confidently taken for another class. A wrong label looks so, and so does an "
    "image with another class's background: look before setting one aside."
)


def command(
    class_key: ClassKey,
    workspace: Workspace = None,
    suspects: Annotated[
        bool,
        typer.Option("--suspects", help="Only those whose labels are suspect, most suspect first."),
    ] = False,
    set_aside: Annotated[
        list[str] | None,
        typer.Option(
            "--set-aside", metavar="PATH",
            help="An image of the class that is to count neither as right nor as wrong, anywhere; "
            "may be repeated. It stays where it is.",
        ),
    ] = None,
    bring_back: Annotated[
        list[str] | None,
        typer.Option(
            "--bring-back", metavar="PATH", help="One set aside that counts again; may be repeated."
        ),
    ] = None,
    words: Annotated[
        bool,
        typer.Option("--words", help="Say in words what they look like, and what the class's right "
                     "images do; needs a CLIP (see `words`)."),
    ] = False,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:  # fmt: skip
    """List a class's mistakes and the classes they were predicted as.

    The most confident mistakes come first; `?` marks a label that is suspect by confident
    learning. What is set aside is listed in the workspace's set_aside.csv.

    Example: neuroinspect-tui mistakes --class "sweet pea"

    Example: neuroinspect-tui mistakes -w ws --class 3 --suspects

    Example: neuroinspect-tui mistakes -w ws --class 3 --set-aside valid/3/017.jpg
    """
    from msgspec import to_builtins

    from engine.evaluation.scores import mistakes
    from engine.evaluation.suspects import with_suspects
    from engine.words.naming_mistakes import name_mistakes
    from neuroinspect_tui.cli.opening import class_of, open_workspace
    from neuroinspect_tui.cli.word_space import look

    if detach and (set_aside or bring_back):
        raise RequestError("--detach extracts features only: run it before setting images aside.")
    opened = open_workspace(workspace, detach=detach, executor=executor)
    if set_aside or bring_back:
        _change(opened.home, opened.cache(quiet=True), class_key, set_aside or (), bring_back or ())
    looked = look(opened) if words else None
    cache = opened.cache() if looked is None else looked.cache
    k = class_of(cache, class_key)
    answer = with_suspects(mistakes(cache, k), cache)
    found = None if looked is None else name_mistakes(looked.space, k)
    if suspects:
        doubted = [mistake for mistake in answer.mistakes if mistake.suspect is not None]
        answer = structs.replace(answer, mistakes=tuple(sorted(doubted, key=_least_suspect)))
    if json:
        named = {} if found is None else {"words": found}
        return print_json(to_builtins(answer) | named)
    return _show(answer, cache.root, found, suspects=suspects)


def _change(
    home: "Path",
    cache: "FeatureCache",
    class_key: str,
    aside: Sequence[str],
    back: Sequence[str],
) -> None:
    """Set images of the class aside, and bring others back.

    Raises:
        RequestError: A path is no image of the class, or is not set aside.
    """
    from engine.attribution.query import find_image
    from engine.evaluation.suspects import listed_of
    from engine.features.aside import bring_back, set_aside
    from neuroinspect_tui.cli.opening import class_of

    index, name = class_of(cache, class_key), cache.meta.split
    away = [find_image(cache, path) for path in aside]
    # a path that the split lacks by now can only be named as it is listed
    gone = [path for path in back if path in cache.aside_lacking]
    returned = [find_image(cache, path) for path in back if path not in gone]
    for row in (*away, *returned):
        if cache.own_labels[row] != index:
            label = cache.classes[cache.own_labels[row]]
            raise RequestError(f"{cache.path(row)} is an image of {label}; name that with --class.")
    for row in returned:
        if row not in cache.aside:
            raise RequestError(f"{cache.path(row)} is not set aside: it counts already.")
    cache.without(_union(cache, away))  # refuses to leave none
    if away:
        set_aside(home, listed_of(cache, away))
    if back:
        bring_back(home, [(name, path) for path in (*gone, *_paths(cache, returned))])


def _union(cache: "FeatureCache", rows: Sequence[int]) -> "Array":
    import numpy as np

    return np.union1d(cache.aside, np.array(rows, dtype=np.int64))


def _paths(cache: "FeatureCache", rows: Sequence[int]) -> list[str]:
    return [cache.samples[row].path for row in rows]


def _least_suspect(mistake: Mistake) -> float:
    return 0.0 if mistake.suspect is None else -mistake.suspect.margin


def _doubt(mistake: Mistake, *, named: bool) -> str:
    if mistake.suspect is None:
        return ""
    return mistake.suspect.looks_like.name if named else "?"


def _show(answer: Mistakes, root: str, found: "ClassWords | None", *, suspects: bool) -> None:
    from neuroinspect_tui.cli.explore.words import show

    name, doubted = answer.class_.name, sum(m.suspect is not None for m in answer.mistakes)
    kind = "suspect" if suspects else "mistake"
    aside = f", {len(answer.set_aside):,} set aside" if answer.set_aside else ""
    say(
        f"{name}: {counted(len(answer.mistakes), kind)} in {counted(answer.n, 'image')}{aside}; "
        f"images are in {root}"
    )
    if found is not None:
        show(found)
    table(
        (
            "predicted as",
            "|looks like" if suspects else "|",
            ">p(true)",
            ">p(predicted)",
            ">steps",
            "image",
        ),
        (
            (
                m.predicted.name,
                _doubt(m, named=suspects),
                percent(m.p_true),
                percent(m.p_predicted),
                str(m.steps),
                below(root, m.path),
            )
            for m in answer.mistakes
        ),
    )
    if doubted:
        say(LOOK if suspects else f"? {counted(doubted, 'label')} suspect; --suspects lists them.")
    for image in answer.set_aside:
        say(f"set aside: {below(root, image.path)}")
