"""`mistakes`: the mistakes of a class."""

from neuroinspect_tui.cli.options import ClassKey, Json, Workspace
from neuroinspect_tui.cli.output import percent, print_json, say, table


def command(class_key: ClassKey, workspace: Workspace = None, json: Json = False) -> None:
    """List a class's mistakes, surest first, each with what it was taken for.

    Example: neuroinspect-tui mistakes --class "sweet pea"
    """
    from engine.evaluate import mistakes
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    bank = open_workspace(workspace).bank()
    answer = mistakes(bank, class_of(bank, class_key))
    if json:
        return print_json(answer)
    name = answer.class_.name
    say(f"{name}: {len(answer.mistakes)} mistakes of {answer.n}")
    table(
        ("taken for", f">p({name})", ">p(taken)", ">steps", "image"),
        (
            (m.predicted.name, percent(m.p_true), percent(m.p_predicted), str(m.steps), m.path)
            for m in answer.mistakes
        ),
    )
    return None
