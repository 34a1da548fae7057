"""`mistakes`: the mistakes of a class."""

from typing import Annotated

import typer

from neuroinspect_tui.cli.options import ClassKey, DetachFeatures, Executor, Json, Workspace
from neuroinspect_tui.cli.output import below, print_json, say, table
from screens.words import counted, percent


def command(
    class_key: ClassKey,
    workspace: Workspace = None,
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

    The most confident mistakes come first.

    Example: neuroinspect-tui mistakes --class "sweet pea"
    """
    from msgspec import to_builtins

    from engine.evaluation.scores import mistakes
    from engine.words.naming_mistakes import name_mistakes
    from neuroinspect_tui.cli.explore.words import show
    from neuroinspect_tui.cli.opening import class_of, open_workspace
    from neuroinspect_tui.cli.word_space import look

    opened = open_workspace(workspace, detach=detach, executor=executor)
    looked = look(opened) if words else None
    cache = opened.cache() if looked is None else looked.cache
    k = class_of(cache, class_key)
    answer = mistakes(cache, k)
    found = None if looked is None else name_mistakes(looked.space, k)
    if json:
        named = {} if found is None else {"words": found}
        return print_json(to_builtins(answer) | named)
    name = answer.class_.name
    say(
        f"{name}: {counted(len(answer.mistakes), 'mistake')} in {counted(answer.n, 'image')}; "
        f"images are in {cache.root}"
    )
    if found is not None:
        show(found)
    table(
        ("predicted as", ">p(true)", ">p(predicted)", ">steps", "image"),
        (
            (
                m.predicted.name,
                percent(m.p_true),
                percent(m.p_predicted),
                str(m.steps),
                below(cache.root, m.path),
            )
            for m in answer.mistakes
        ),
    )
    return None
