"""From a workspace to a report's facts. Only reads what there is: nothing long is computed."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from msgspec import structs

from engine.evaluation.scores import score
from engine.evaluation.suspects import count_suspects
from engine.features.cache import FeatureCache
from engine.schema.errors import EngineError, RequestError
from engine.schema.records import Classes
from engine.schema.requests import Source
from neuroinspect_tui.program import NAME
from neuroinspect_tui.report.about_class import Reading, class_part
from neuroinspect_tui.report.about_edits import edit_parts
from neuroinspect_tui.report.choosing import chosen_classes, worst_first
from neuroinspect_tui.report.facts import Missing, Report
from screens.ports import Workspace
from screens.words import counted, differences, percent

Facts = list[tuple[str, str]]


def collect(workspace: Workspace, classes: Sequence[str] = ()) -> Report:
    """Collect what a report tells.

    Args:
        workspace: Its evaluation split's features are there.
        classes: Names or indices of the classes to tell of; none for the worst.

    Raises:
        EngineError: The features are still to be extracted, a file is damaged, or there is no such
            class.
    """
    cache = workspace.cache()
    if cache is None:
        raise RequestError(
            f"The features of {workspace.source.eval_split} are not extracted yet, and a report "
            "only reads what there is; run `classes` first."
        )
    space, refusal = None, ""
    try:
        space = workspace.word_space()
    except EngineError as error:  # damaged CLIP files spoil the words alone
        refusal = str(error)
    reading = Reading(workspace, cache, space)
    scores = count_suspects(score(cache), cache)
    scores = structs.replace(scores, classes=tuple(worst_first(scores.classes)))
    indices, chosen = chosen_classes(cache, scores.classes, classes)
    of = {one.index: one for one in scores.classes}
    edits, older = edit_parts(workspace)
    source = workspace.source
    return Report(
        title=f"{_short(source.model)} on {_data_name(source)}",
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        version=version(NAME),
        facts=tuple(_facts(source, cache, scores, workspace.applied())),
        scores=scores,
        chosen=chosen,
        classes=tuple(class_part(reading, of[index]) for index in indices),
        edits=edits,
        older_edits=older,
        missing=tuple(_missing(reading, refusal, edits=bool(edits))),
        provenance=tuple(_provenance(workspace, cache)),
    )


def _short(model: str) -> str:
    return Path(model).name if model.startswith("local-dir:") else model


def _data_name(source: Source) -> str:
    data = Path(source.data)
    return data.parent.name if data.is_file() else data.name


def _facts(source: Source, cache: FeatureCache, scores: Classes, applied: str | None) -> Facts:
    suspects = f", {scores.suspects:,} of suspect labels" if scores.suspects else ""
    wrong = sum(one.n - one.correct for one in scores.classes)
    facts = [
        ("Model", f"{source.model}, {cache.meta.input_size} pixels a side"),
        (
            "Decision layer",
            f"{len(cache.classes):,} classes from {cache.meta.width:,} neurons"
            + ("" if cache.meta.has_bias else ", no bias"),
        ),
        ("Evaluated on", f"{scores.n:,} images of {scores.split}"),
        (
            "Accuracy",
            f"{percent(scores.accuracy, 2)}; mean over classes "
            f"{percent(scores.mean_class_accuracy, 2)}; {counted(wrong, 'mistake')}{suspects}",
        ),
    ]
    if scores.worst_group_accuracy is not None:
        facts.append(("Worst group", percent(scores.worst_group_accuracy)))
    if scores.set_aside:
        facts.append(("Set aside", f"{counted(scores.set_aside, 'image')}: in no count here"))
    if scores.skipped:
        facts.append(("Skipped", f"{counted(len(scores.skipped), 'image')} that cannot be read"))
    facts += [("The model sees", line) for line in differences(scores.differs)]
    edit = f"{applied} is applied; " if applied else "No edit is applied. "
    facts.append(("Edits", f"{edit}All but the section on edits is of the checkpoint itself."))
    return facts


def _missing(reading: Reading, refusal: str, *, edits: bool) -> list[Missing]:
    """Say what the whole workspace lacks."""
    source, found = reading.workspace.source, []
    if refusal:
        found.append(Missing(f"Words: {refusal}", reading.command("words", "--all")))
    elif not source.has_clip:
        found.append(
            Missing(
                "Words for mistakes and neurons: the workspace names no CLIP",
                f"{NAME} init {reading.home.name} --clip MODEL/TAG",
            )
        )
    elif reading.space is None:
        found.append(
            Missing("Words: CLIP has not seen the images", reading.command("words", "--all"))
        )
    if reading.space is not None and reading.named is None:
        found.append(Missing("Words of the neurons", reading.command("words")))
    if not edits:
        found.append(Missing("Edits", reading.command("edit", "--class", "NAME")))
    return found


def _provenance(workspace: Workspace, cache: FeatureCache) -> Facts:
    source, meta = workspace.source, cache.meta
    made = ", ".join(f"{name} {number}" for name, number in sorted(meta.versions.items()))
    return [
        ("Workspace", str(workspace.home.resolve())),
        ("Checkpoint", source.checkpoint),
        ("Weights, sha256", meta.weights),
        ("Data", source.data),
        ("Images below", cache.root),
        ("Reader", cache.reader),
        ("Splits", f"training {source.train_split}, evaluation {source.eval_split}"),
        ("Features", f"{meta.key}, of {meta.n:,} images"),
        ("Features made with", made),
        ("CLIP", source.clip),
        ("Seed", str(source.seed)),
        ("Report written with", f"{NAME} {version(NAME)}, Python {platform.python_version()}"),
    ]
