"""`mistakes`: the mistakes of a class."""

from neuroinspect_tui.cli.options import ClassKey, DetachFeatures, Executor, Json, Workspace
from neuroinspect_tui.cli.output import below, print_json, say, table
from screens.words import counted, percent


def command(
    class_key: ClassKey,
    workspace: Workspace = None,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """List a class's mistakes and the classes they were predicted as.

    The most confident mistakes come first.

    Example: neuroinspect-tui mistakes --class "sweet pea"
    """
    from engine.evaluation.scores import mistakes
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    cache = open_workspace(workspace, detach=detach, executor=executor).cache()
    answer = mistakes(cache, class_of(cache, class_key))
    if json:
        return print_json(answer)
    name = answer.class_.name
    say(
        f"{name}: {counted(len(answer.mistakes), 'mistake')} in {counted(answer.n, 'image')}; "
        f"images are in {cache.root}"
    )
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
