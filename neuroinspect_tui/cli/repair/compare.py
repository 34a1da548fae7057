"""`compare`: the images that an edit fixes and breaks, class by class."""

from typing import Annotated

import typer

from engine.schema.edits import Comparison
from engine.schema.records import ClassChange, Moved
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import below, print_json, say, table
from screens.words import percent

EditKey = Annotated[
    str,
    typer.Argument(
        metavar="EDIT", autocompletion=completion.edits,
        help="An edit's id, or its beginning (see `edits`).",
    ),
]  # fmt: skip


def command(edit: EditKey, workspace: Workspace = None, json: Json = False) -> None:
    """List the images that an edit fixes and breaks, and the verdict.

    On the images that the edit was reported on.

    Example: neuroinspect-tui compare 20261123-101500-zero
    """
    from engine.editing.comparison import retraining_reaches
    from engine.editing.store import compare_edit, find_edit, made_on, read_edit
    from neuroinspect_tui.cli.opening import open_workspace

    opened = open_workspace(workspace)
    directory = find_edit(opened.home / "edits", edit)
    record = read_edit(directory)
    cache = opened.cache(record.provenance.get("reporting_split"), on=made_on(record))
    answer = compare_edit(cache, directory)
    if json:
        return print_json(answer)
    return _show(answer, cache.root, retraining_reaches(record.variants))


def _show(answer: Comparison, root: str, retrained: str) -> None:
    say(
        f"{answer.id} on {answer.split}: fixed {len(answer.fixed)}, broken {len(answer.broken)}; "
        f"overall {percent(answer.before.overall)} → {percent(answer.after.overall)}, class "
        f"{percent(answer.before.target)} → {percent(answer.after.target)}"
    )
    say(
        f"expected calibration error {percent(answer.calibration_before.ece)} → "
        f"{percent(answer.calibration_after.ece)}"
    )
    every = (*answer.classes, *(answer.groups or ()), *(answer.by_grouping or ()))
    changed = [c for c in every if c.fixed or c.broken]
    say(*worst_groups(answer))
    if changed:
        table(
            ("class", ">n", ">before", ">after", ">fixed", ">broken"),
            (
                (c.name, str(c.n), percent(c.before), percent(c.after), str(c.fixed), str(c.broken))
                for c in changed
            ),
        )
    for title, images in (("fixed", answer.fixed), ("broken", answer.broken)):
        say(*(f"{title}: {_line(image, root)}" for image in images))
    say(answer.verdict, retrained)


def worst_groups(answer: Comparison) -> list[str]:
    """Return the worst group by the data's groups and by the edit's, where there are both."""
    if answer.grouping is None or not answer.groups or not answer.by_grouping:
        return []
    return [
        _worst("the data's own groups", answer.groups),
        _worst(f"the grouping {answer.grouping}", answer.by_grouping),
    ]


def _worst(by: str, groups: tuple[ClassChange, ...]) -> str:
    before, after = min(g.before for g in groups), min(g.after for g in groups)
    return f"worst group by {by}: {percent(before)} → {percent(after)}"


def _line(image: Moved, root: str) -> str:
    return f"{image.before.name} → {image.after.name}  {below(root, image.path)}"
