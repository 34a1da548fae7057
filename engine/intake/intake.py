"""From what a user names to a workspace: classes, transform and weights decided, tried and told."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from engine.data.class_list import (
    ORDERS,
    ClassList,
    DataClasses,
    Own,
    arrange,
    known_classes,
    with_images,
)
from engine.data.splits import Split, data_classes, numbered
from engine.intake.trial import Normalisation, Trial, try_out
from engine.models.classifier import Classifier, pick_device
from engine.models.clip import load_clip
from engine.models.loading import build, load_classifier
from engine.schema.records import Progress
from engine.schema.requests import Source

FIRST = 3


class Doubt(Struct, frozen=True):
    """Why classes, transform and weights may not belong together, and the mend.

    Attributes:
        sentence: What was seen, and what to do.
        decisive: Whether what the program guessed is shown to be wrong: not what the user stated.
        order: The names, in the order of the outputs, that fit better, where no flag names them.
    """

    sentence: str
    decisive: bool
    order: tuple[str, ...] | None = None


class Intake(Struct, frozen=True, kw_only=True):
    """What was decided of a classifier and its data.

    Attributes:
        source: With every value of the transform stated.
        classes: The model's, in the order of its outputs.
        evaluation: The evaluation split.
        training: The training split; None where the data have none.
        width: Neurons; None for a workspace without weights.
        device: Where the model runs.
        notes: What was decided, in sentences.
        trial: How the classifier does on some images; None without weights.
        doubt: What the trial says against it.
    """

    source: Source
    classes: ClassList
    evaluation: Split
    training: Split | None
    width: int | None
    device: str
    notes: tuple[str, ...]
    trial: Trial | None
    doubt: Doubt | None


def take_in(
    source: Source, splits: tuple[Split, Split | None], stated: frozenset[str]
) -> Iterator[Progress | Intake]:
    """Load the classifier, number the classes as it does, and try it on a few hundred images.

    The last record is the `Intake`.

    Args:
        source: What the user names.
        splits: As `listed` returns them.
        stated: Which entries of the source the user gave, such as `mean` or `class_order`: what
            was stated is taken, and only doubted aloud.

    Raises:
        EngineError: Whatever does not load or does not fit, in one sentence.
    """
    data = data_classes([split for split in splits if split is not None], splits[1])
    device = pick_device(source.device)
    if source.untrained:
        classes = _classes(source, data, Own())
        build(source, len(classes.keys))
        yield _intake(source, classes, splits, None, str(device))
        return
    yield Progress(stage="loading checkpoint", done=0, total=0, unit="")
    classifier = load_classifier(source, None, device)
    own = Own(classifier.decision.out_features, classifier.class_names)
    classes = _classes(source, data, own)
    found = _intake(source, classes, splits, classifier, str(device))
    trial = yield from try_out(classifier, found.evaluation)
    if source.has_clip:
        yield Progress(stage="loading CLIP", done=0, total=0, unit="")
        load_clip(source.clip, device)
    doubt = doubted(trial, classes, classifier.resolved(), stated)
    notes = (*found.notes, *_orders_differ(data, classes), *_tried(trial))
    yield msgspec.structs.replace(found, trial=trial, doubt=doubt, notes=notes)


def _classes(source: Source, data: DataClasses, own: Own) -> ClassList:
    """Return the list that the workspace has, where data and checkpoint still fit it; else anew."""
    if source.classes is not None:
        known = known_classes(source.classes, source.class_names)
        if own.outputs in (None, len(known.keys)) and set(with_images(data)) <= set(known.keys):
            return known
    return arrange(data, own, source.class_order, source.class_names)


def _intake(
    source: Source,
    classes: ClassList,
    splits: tuple[Split, Split | None],
    classifier: Classifier | None,
    device: str,
) -> Intake:
    evaluation, training = splits
    transform: dict[str, Any] = {} if classifier is None else classifier.resolved()
    notes = () if classifier is None else (*classifier.notes, _transform(transform))
    split = numbered(evaluation, classes)
    missing = [key for key in classes.keys if key not in set(evaluation.folders)]
    others = [key for key in evaluation.folders if key not in set(classes.keys)]
    return Intake(
        source=msgspec.structs.replace(
            source, **transform, model_args=dict(classifier.model_args if classifier else {})
        ),
        classes=classes,
        evaluation=split,
        training=None if training is None else numbered(training, classes),
        width=None if classifier is None else classifier.width,
        device=device,
        notes=(
            f"Classes {classes.order}: {_few(classes.keys)}.",
            *([f"Classes without images: {_few(missing)}."] if missing else []),
            *([f"Folders that are none of the model's classes: {_few(others)}."] if others else []),
            *notes,
        ),
        trial=None,
        doubt=None,
    )


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:FIRST])
    return shown if len(names) <= FIRST else f"{shown}, ... ({len(names)})"


def _transform(transform: dict[str, Any]) -> str:
    mean, std = (", ".join(f"{x:.4g}" for x in transform[name]) for name in ("mean", "std"))
    return (
        f"Transform: {transform['img_size']} pixels, crop {transform['crop_pct']:.4g}, "
        f"{transform['interpolation']}, mean {mean}, std {std}."
    )


def _orders_differ(data: DataClasses, classes: ClassList) -> list[str]:
    used = with_images(data)
    orders = {name: tuple(sorted(used, key=key)) for name, key in ORDERS.items()}
    if len(set(orders.values())) == 1 or set(classes.keys) != set(used):
        return []
    if classes.keys not in orders.values():
        return []
    return [
        "The folders' sorted, natural and lower-case orders differ; --class-order "
        f"{'|'.join(ORDERS)} chooses one."
    ]


def _tried(trial: Trial) -> list[str]:
    share = 100 * trial.correct / trial.images
    return [f"Tried on {trial.images} images: {trial.correct} right ({share:.0f}%)."]


def doubted(
    trial: Trial, classes: ClassList, transform: dict[str, Any], stated: frozenset[str]
) -> Doubt | None:
    """Say what a trial shows against order, transform or weights; None where nothing does."""
    n, now = trial.images, f"{100 * trial.correct / trial.images:.0f}%"
    if trial.order is not None:
        better = f"{100 * trial.order.correct / n:.0f}%"
        named = trial.order.name
        seen = (
            f"The order of the classes does not fit the checkpoint: {now} of {n} images are right "
            f"with {_few(classes.keys)} ({classes.order}), {better} with {_few(trial.order.keys)}"
        )
        mend = f"--class-order {named}" if named else "--class-order and a file of that order"
        return Doubt(
            f"{seen}; give {mend}, or the order that you know to be right.",
            decisive=trial.order.correct >= 2 * trial.correct
            and stated.isdisjoint(("class_order", "class_names")),
            order=None if named else trial.order.keys,
        )
    if trial.normalisation is not None:
        found = trial.normalisation
        twice = found.correct >= 2 * found.correct_now
        return Doubt(
            _other_normalisation(found), decisive=twice and stated.isdisjoint(("mean", "std"))
        )
    if trial.by_chance:
        return Doubt(
            f"{now} of {n} images are right, as by chance: transform, weights or labels do not "
            f"belong together. {_transform(transform)} Change it with --mean, --std, --img-size, "
            "--crop-pct or --interpolation, or check --checkpoint and --class-order.",
            decisive=False,
        )
    return None


def _other_normalisation(found: Normalisation) -> str:
    mean, std = (" ".join(f"{x:.4g}" for x in each) for each in (found.mean, found.std))
    return (
        f"The normalisation does not seem to be the one of training: {found.correct_now} of "
        f"{found.images} images are right with it, {found.correct} with {found.name}; "
        f"give --mean {mean} --std {std} if so."
    )
