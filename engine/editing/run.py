"""An edit from request to record: selected on one part of the images, reported on another."""

import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
import torch

from engine.ablation.baselines import BiasShift, net_cost
from engine.editing.comparison import HeldOutPredictions, compare, describe, verdict
from engine.editing.fits import Fits
from engine.editing.heads import EDIT, ORIGINAL, RETRAIN, SHIFT, Edited, Head
from engine.editing.methods import EDIT_METHODS
from engine.editing.methods.base import EditMethod
from engine.editing.plan import Aim, Plan
from engine.editing.planning import make_plan, settle
from engine.editing.retraining import Retrained, fits_of, retrain
from engine.editing.selection import SelectionScorer
from engine.editing.store import finished_edit, open_partial, save_edit
from engine.editing.task import EditTask
from engine.evaluation.scores import outcome
from engine.features.cache import FeatureCache
from engine.grouping.finding import Found
from engine.io.atomic import key_of
from engine.schema.arrays import Array
from engine.schema.edits import Edit, EditEpoch
from engine.schema.records import Label, Progress
from engine.schema.requests import EditRequest

FORMAT = 1
"""Of what an interrupted edit leaves."""


@dataclass(frozen=True)
class Caches:
    """What an edit reads."""

    evaluation: FeatureCache
    training: Sequence[FeatureCache]
    """One a view; empty for methods that need no training features."""
    test: FeatureCache | None = None
    kept_back: Array | None = None
    """Rows of `evaluation` that report; None: this edit is the first to divide it."""
    sought: Found | None = None
    """What was looked for when no groups were found."""

    @property
    def held_out(self) -> FeatureCache:
        """The features of the split that reports."""
        return self.test or self.evaluation


def edit(
    caches: Caches, request: EditRequest, root: Path, device: torch.device
) -> Generator[Progress | EditEpoch | Edit, None, None]:
    """Edit the decision layer against every control; the last record is the saved `Edit`.

    The same request goes on after the last epoch that an interrupted run wrote; an edit that was
    saved, but whose record nobody took, is answered again and not made twice.

    Args:
        caches: What to read.
        request: What to do.
        root: The workspace's edits/.
        device: Where trained methods train.

    Raises:
        RequestError: Nothing to edit there.
        StorageError: The workspace cannot be written.
    """
    partial = open_partial(root, _key(caches, request, device))
    record = finished_edit(root, partial)
    if record is None:
        record = yield from _make(caches, request, device, partial)
    yield record
    shutil.rmtree(partial, ignore_errors=True)


def _key(caches: Caches, request: EditRequest, device: torch.device) -> str:
    parts = (FORMAT, request, _provenance(caches), device.type)
    return key_of(parts, 16)


def _make(
    caches: Caches, request: EditRequest, device: torch.device, partial: Path
) -> Generator[Progress | EditEpoch, None, Edit]:
    cache = caches.evaluation
    tested = caches.test is not None
    plan = make_plan(cache, request, tested=tested, kept_back=caches.kept_back)
    scorer = SelectionScorer(cache, plan.selection, tuple(plan.classes), request.select)

    def replan(asked: EditRequest, rows: Array) -> Plan:
        return settle(cache, asked, rows, plan.held_out)

    task = EditTask(cache, caches.training, plan, scorer, device, partial, replan, caches.sought)
    edited = yield from _beside_retraining(EDIT_METHODS.get(request.method), task)
    rows = plan.held_out if caches.test is None else caches.test.counted
    assert rows is not None  # without a test split a plan keeps a half back
    record = _record(caches, plan, edited, _predicted(caches, plan, edited, rows))
    return save_edit(partial.parents[1], record, edited.variants[EDIT][edited.saved], rows, partial)


def _beside_retraining(
    method: EditMethod, task: EditTask
) -> Generator[Progress | EditEpoch, None, Edited]:
    """Fit the edit, and the control that reads the same images; live figures tell both."""
    if RETRAIN not in method.usual_controls:
        return (yield from method.fit(task))
    fits = Fits(task.directory, fits_of(task), "fitting the control, plain retraining")
    control = yield from retrain(task, fits)
    fitting = method.fit(task)
    while True:
        try:
            record = next(fitting)
        except StopIteration as stop:
            edited: Edited = stop.value
            break
        yield _with(record, control)
    if RETRAIN not in EDIT_METHODS.get(edited.chosen or task.plan.request.method).usual_controls:
        return edited
    return replace(edited, variants=edited.variants | {RETRAIN: control.heads})


def _with(record: Progress | EditEpoch, control: Retrained) -> Progress | EditEpoch:
    if not isinstance(record, EditEpoch):
        return record
    controls = record.controls | {RETRAIN: control.unseen}
    return msgspec.structs.replace(record, controls=controls)


def _predicted(caches: Caches, plan: Plan, edited: Edited, rows: Array) -> HeldOutPredictions:
    cache = caches.held_out
    predicted = {ORIGINAL: Head.of(cache).predict(cache, rows)[None]}
    for name, heads in edited.variants.items():
        predicted[name] = np.stack([head.predict(cache, rows) for head in heads])
    predicted[SHIFT] = _bias_shifts(caches, plan, edited.variants[EDIT], rows)
    return HeldOutPredictions(cache, rows, plan.classes, predicted)


def _bias_shifts(caches: Caches, plan: Plan, heads: Sequence[Head], rows: Array) -> Array:
    """Return (seeds, n): the largest class gain that costs others what the edit costs them.

    Both gain and cost are measured on the selection images. Where every class is edited, the worst
    one is shifted against the rest.
    """
    cache, chosen = caches.evaluation, plan.selection
    labels = cache.labels[chosen]
    inside = plan.classes
    before = Head.of(cache).predict(cache, chosen) == labels
    if len(inside) == len(cache.classes):
        n = np.bincount(labels, minlength=len(inside))
        share = np.bincount(labels, weights=before, minlength=len(inside)) / np.maximum(n, 1)
        inside = [int(np.where(n > 0, share, 2.0).argmin())]
    others = ~np.isin(labels, inside)
    fitted = BiasShift(cache.logits[chosen], labels, inside)
    shifted = BiasShift(caches.held_out.logits[rows], caches.held_out.labels[rows], inside)
    costs = [net_cost(before, head.predict(cache, chosen) == labels, others) for head in heads]
    return np.stack([shifted.predict(fitted.delta(cost)) for cost in costs])


def _record(caches: Caches, plan: Plan, edited: Edited, predictions: HeldOutPredictions) -> Edit:
    cache, request, recipe = caches.evaluation, plan.request, plan.recipe
    method = EDIT_METHODS.get(edited.chosen or request.method)
    targeted = "target" in method.options
    variants = [describe(predictions, name) for name in predictions.predicted]
    controls = [name for name in predictions.predicted if name not in (EDIT, ORIGINAL)]
    differences = [compare(predictions, name, request.seed) for name in controls]
    saved = predictions.right(EDIT)[edited.saved]
    before = predictions.right(ORIGINAL)[0]
    used = {}
    if "neurons" in method.needs:
        used = {str(aim.class_index): _neurons(aim, edited) for aim in edited.aims or plan.aims}
    report = caches.held_out
    return Edit(
        id="",
        created="",
        method=request.method,
        classes=tuple(Label(k, cache.classes[k]) for k in plan.classes),
        neurons=used,
        strength=recipe.strength if targeted else 0.0,
        targets={str(aim.class_index): aim.target for aim in plan.aims} if targeted else {},
        lr=recipe.lr if "lr" in method.options else 0.0,
        batch_size=recipe.batch_size if "batch_size" in method.options else 0,
        selected_on=_part(cache, plan.selection),
        reported_on=_part(report, predictions.rows),
        n_report=len(predictions.rows),
        n_target=int(np.isin(predictions.labels, plan.classes).sum()),
        before=outcome(report, before, plan.classes, predictions.rows),
        after=outcome(report, saved, plan.classes, predictions.rows),
        variants=tuple(variants),
        differences=tuple(differences),
        verdict=verdict(predictions, variants, differences),
        notes=plan.notes + edited.notes + _set_aside(caches) + _balance(predictions),
        request=msgspec.to_builtins(request),
        provenance=_provenance(caches),
        chosen=edited.chosen,
        tried=edited.tried,
    )


def _neurons(aim: Aim, edited: Edited) -> tuple[int, ...]:
    return tuple(aim.first(edited.size).neurons.tolist())


def _part(cache: FeatureCache, rows: Array) -> str:
    whole = len(rows) == cache.meta.n
    return cache.meta.split if whole else f"{cache.meta.split}, {len(rows)} of {cache.meta.n}"


def _set_aside(caches: Caches) -> tuple[str, ...]:
    """Say how many images each split goes without."""
    read = {cache.meta.split: len(cache.aside) for cache in _read(caches)}
    named = ", ".join(f"{count} of {split}" for split, count in read.items() if count)
    if not named:
        return ()
    return (f"Images set aside: {named}. They neither chose nor reported nor trained.",)


def _read(caches: Caches) -> list[FeatureCache]:
    return [caches.evaluation, *caches.training, *([] if caches.test is None else [caches.test])]


def _balance(predictions: HeldOutPredictions) -> tuple[str, ...]:
    if (groups := predictions.groups) is None:
        return ()
    counts = np.bincount(groups[groups >= 0], minlength=len(predictions.cache.groups_named))
    named = ", ".join(
        f"{name} {count}"
        for name, count in zip(predictions.cache.groups_named, counts, strict=True)
    )
    return (f"Held-out images by group: {named}. A balanced split is itself group information.",)


def _provenance(caches: Caches) -> dict[str, str]:
    found = {
        "weights": caches.evaluation.meta.weights,
        "evaluation_cache": caches.evaluation.meta.key,
        "reporting_cache": caches.held_out.meta.key,
        "reporting_split": caches.held_out.meta.split,
        "training_caches": " ".join(cache.meta.key for cache in caches.training),
    }
    if (laid := caches.evaluation.overlay) is not None:
        found["groups"] = f"{laid.name} {laid.digest}"
        if laid.space:
            found["groups_space"] = laid.space
    if any(len(cache.aside) for cache in _read(caches)):  # else an interrupted edit's key stays
        found["set_aside"] = key_of([(c.meta.split, c.aside.tolist()) for c in _read(caches)], 16)
    if caches.evaluation.meta.on is not None:
        found["on"] = caches.evaluation.meta.on
    return found | {name: version(name) for name in ("neuroinspect-tui", "torch", "numpy")}
