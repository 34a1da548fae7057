"""`classes`: the classes by accuracy."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.schema.errors import RequestError
from engine.schema.records import Calibration, Classes, ClassScore, ConfusionMatrix, GroupScore
from engine.schema.requests import Source
from neuroinspect_tui.cli.options import (
    BatchSize,
    DetachFeatures,
    Device,
    Executor,
    GroupBy,
    Json,
    Workers,
    Workspace,
)
from neuroinspect_tui.cli.output import note, print_json, say, table
from screens.widgets.bars import bar
from screens.words import differences, interval, percent

if TYPE_CHECKING:
    from engine.features.overlay import Overlay

SKIPPED_SHOWN = 50
Sort = Literal["accuracy", "name", "n"]
SORTS = {
    "accuracy": lambda c: (2.0 if c.accuracy is None else c.accuracy, c.index),
    "name": lambda c: c.name,
    "n": lambda c: (-c.n, c.index),
}


def command(
    workspace: Workspace = None,
    sort: Annotated[
        Sort, typer.Option("--sort", help="By accuracy, name, or number of images.")
    ] = "accuracy",
    groups: Annotated[bool, typer.Option("--groups", help="Show the groups too.")] = False,
    group_by: GroupBy = None,
    confusions: Annotated[
        bool, typer.Option("--confusions", help="Show the confusion matrix of the worst classes.")
    ] = False,
    calibration: Annotated[
        bool,
        typer.Option("--calibration", help="Show the expected calibration error, bin by bin."),
    ] = False,
    device: Device = None,
    batch_size: BatchSize = 0,
    workers: Workers = -1,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """List the classes by accuracy, worst first.

    The first time, this extracts the features of every image.

    Groups by a grouping are scored on the images on which it was not found: on the others its
    worst group is worse than it is.

    Example: neuroinspect-tui classes -w ws --sort n

    Example: neuroinspect-tui classes -w ws --group-by kinds
    """
    from msgspec import structs

    from engine.evaluation.calibration import split_calibration
    from engine.evaluation.confusions import confusion_matrix
    from engine.evaluation.scores import score
    from engine.evaluation.suspects import count_suspects
    from engine.grouping.laying import without_looked_at
    from neuroinspect_tui.cli.opening import open_workspace

    opened = open_workspace(workspace, device, detach=detach, executor=executor)
    cache = opened.cache(batch_size=batch_size, workers=workers, group_by=group_by)
    if (laid := cache.overlay) is not None:
        cache = cache.with_groups(without_looked_at(laid))
        _say_of(laid)
    shares = _train_shares(opened.source) if cache.own_groups_named and laid is None else ()
    answer = count_suspects(score(cache, shares=shares), cache)
    answer = structs.replace(answer, classes=tuple(sorted(answer.classes, key=SORTS[sort])))
    if groups and answer.groups is None:
        raise RequestError(
            "The data has no groups; a CSV with a group column does, and `groups make` finds some."
        )
    if confusions:
        answer = structs.replace(answer, confusions=confusion_matrix(cache))
    if calibration:
        answer = structs.replace(answer, calibration=split_calibration(cache))
    if json:
        return print_json(answer)
    return _show(answer, groups=groups or group_by is not None)


def _say_of(laid: "Overlay") -> None:
    """Say on stderr which images the groups are scored on."""
    note(*laid.notes)
    if laid.looked_at is None:
        note(
            f"{laid.name} was found before the images or the weights changed: which of these "
            "images it has seen is unknown, and on those its groups are flattered."
        )
    elif len(laid.looked_at):
        note(
            f"Groups are scored on the images that {laid.name} was not found on; "
            f"{len(laid.looked_at)} are left out."
        )


def _train_shares(source: Source) -> list[float]:
    from engine.data.splits import open_split

    train = open_split(source, source.train_split)
    counts = [0] * len(train.groups)
    for sample in train.samples:
        counts[sample.group] += 1
    total = max(sum(counts), 1)
    return [count / total for count in counts]


def _show(answer: Classes, *, groups: bool) -> None:
    wrong = sum(c.n - c.correct for c in answer.classes)
    bad = sum(c.n > c.correct for c in answer.classes)
    say(
        f"{answer.split}: {answer.n} images, accuracy {percent(answer.accuracy, 2)}, mean class "
        f"{percent(answer.mean_class_accuracy)}; {wrong} mistakes in {bad} classes"
        + (f", {answer.suspects} of suspect labels" if answer.suspects else "")
        + (f"; {answer.set_aside} set aside" if answer.set_aside else "")
    )
    table(
        ("class", ">correct", ">accuracy", "|", ">95%", ">suspect", "top confusions"),
        ((c.name, *_cells(c), str(c.suspects or ""), _confusions(c)) for c in answer.classes),
    )
    if groups and answer.groups is not None:
        table(
            ("group", ">correct", ">accuracy", "|", ">95%"),
            ((g.name, *_cells(g)) for g in answer.groups),
        )
        weighted = answer.train_weighted_accuracy
        shares = "; mean weighted by the training split's group shares"
        say(
            f"worst group {percent(answer.worst_group_accuracy)}"
            + ("" if weighted is None else f"{shares} {percent(weighted)}")
        )
    if answer.confusions is not None:
        _show_confusions(answer.confusions)
    if answer.calibration is not None:
        _show_calibration(answer.calibration)
    say(*differences(answer.differs))
    for skipped in answer.skipped[:SKIPPED_SHOWN]:
        say(f"skipped: {skipped.path}: {skipped.reason}")
    if (more := len(answer.skipped) - SKIPPED_SHOWN) > 0:
        say(f"... and {more:,} more skipped; `classes --json` lists them all.")


def _show_confusions(matrix: ConfusionMatrix) -> None:
    if not matrix.classes:
        say("No image is predicted as another class.")
        return
    say("confusions of the worst classes; rows: true, columns: predicted, by the rows' numbers")
    numbers = range(1, len(matrix.classes) + 1)
    table(
        ("class", *(f">{number}" for number in numbers), ">else", ">n"),
        (
            (
                f"{number} {label.name}",
                *(str(count or "·") for count in counts),
                str(n - sum(counts) or "·"),
                str(n),
            )
            for number, label, counts, n in zip(
                numbers, matrix.classes, matrix.counts, matrix.n, strict=True
            )
        ),
    )


def _show_calibration(found: Calibration) -> None:
    say(
        f"expected calibration error {percent(found.ece)}: accuracy {percent(found.accuracy)}, "
        f"mean confidence {percent(found.confidence)}"
    )
    table(
        ("confidence", ">images", ">accuracy", ">mean confidence"),
        (
            (
                f"{some.lo:.2f} to {some.hi:.2f}",
                str(some.n),
                percent(some.accuracy),
                percent(some.confidence),
            )
            for some in found.bins
            if some.n
        ),
    )


def _cells(entry: ClassScore | GroupScore) -> tuple[str, ...]:
    ci = "" if entry.ci is None else interval(*entry.ci)
    return f"{entry.correct}/{entry.n}", percent(entry.accuracy), bar(entry.accuracy), ci


def _confusions(entry: ClassScore) -> str:
    return ", ".join(f"{other.name} {other.count}" for other in entry.confused_with)
