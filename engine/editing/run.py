"""An edit from request to judged record: choose on one part of the images, report on another."""

import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
import torch

from engine.ablation.baselines import BiasShift, net_cost
from engine.editing.checkpoint import Keeper
from engine.editing.comparison import Jury, compare, describe, verdict
from engine.editing.heads import EDIT, ORIGINAL, SHIFT, Edited, Head
from engine.editing.methods.last_layer import last_layer
from engine.editing.methods.zero import zero
from engine.editing.plan import Plan, make_plan
from engine.editing.selection import Chooser
from engine.editing.store import finished_edit, open_partial, save_edit
from engine.editing.trainer import train
from engine.evaluation.scores import outcome
from engine.features.cache import Bank
from engine.io.atomic import key_of
from engine.schema.arrays import Array
from engine.schema.edits import Edit, EditEpoch
from engine.schema.records import Label, Progress
from engine.schema.requests import EditRequest

FORMAT = 1
"""Of what an interrupted edit leaves."""
LAST_LAYER = ("dfr", "afr", "direction")
UNTRAINED = ("zero", "dfr", "direction")
"""Methods that read no training split."""


@dataclass(frozen=True)
class Banks:
    """What an edit reads."""

    evaluation: Bank
    training: Sequence[Bank]
    """One a view; empty for `zero`, which trains nothing."""
    test: Bank | None = None
    kept_back: Array | None = None
    """Rows of `evaluation` that report; None: this edit is the first to divide it."""

    @property
    def reporting(self) -> Bank:
        """The bank that reports."""
        return self.test or self.evaluation


def edit(
    banks: Banks, request: EditRequest, root: Path, device: torch.device
) -> Generator[Progress | EditEpoch | Edit, None, None]:
    """Edit the decision layer against every control; the last record is the saved `Edit`.

    Asked the same after it was interrupted, it goes on after the last epoch kept; an edit that
    was saved, but after which nobody asked for more, is answered again and not made twice.

    Args:
        banks: What to read.
        request: What to do.
        root: The workspace's edits/.
        device: Where trained methods train.

    Raises:
        RequestError: Nothing to edit there.
        BankError: The workspace cannot be written.
    """
    partial = open_partial(root, _key(banks, request, device))
    record = finished_edit(root, partial)
    if record is None:
        record = yield from _make(banks, request, device, partial)
    yield record
    shutil.rmtree(partial, ignore_errors=True)


def _key(banks: Banks, request: EditRequest, device: torch.device) -> str:
    parts = (FORMAT, request, _provenance(banks), device.type)
    return key_of(parts, 16)


def _make(
    banks: Banks, request: EditRequest, device: torch.device, partial: Path
) -> Generator[Progress | EditEpoch, None, Edit]:
    bank = banks.evaluation
    tested = banks.test is not None
    plan = make_plan(bank, request, tested=tested, kept_back=banks.kept_back)
    chooser = Chooser(bank, plan.choosing, tuple(plan.classes), request.select)
    if request.method == "zero":
        edited = yield from zero(bank, plan, chooser)
    elif request.method in LAST_LAYER:
        edited = yield from last_layer(banks.training, bank, plan, chooser, partial)
    else:
        edited = yield from train(banks.training, bank, plan, chooser, device, Keeper(partial))
    rows = plan.reporting if banks.test is None else np.arange(len(banks.test.labels))
    assert rows is not None  # without a test split a plan keeps a half back
    record = _record(banks, plan, edited, _summon(banks, plan, edited, rows))
    return save_edit(partial.parents[1], record, edited.arms[EDIT][edited.saved], rows, partial)


def _summon(banks: Banks, plan: Plan, edited: Edited, rows: Array) -> Jury:
    bank = banks.reporting
    predicted = {ORIGINAL: Head.of(bank).predict(bank, rows)[None]}
    for name, heads in edited.arms.items():
        predicted[name] = np.stack([head.predict(bank, rows) for head in heads])
    predicted[SHIFT] = _bias_shifts(banks, plan, edited.arms[EDIT], rows)
    return Jury(bank, rows, plan.classes, predicted)


def _bias_shifts(banks: Banks, plan: Plan, heads: Sequence[Head], rows: Array) -> Array:
    """Return (seeds, n): the largest class gain that costs others what the edit costs them.

    Both gain and cost are taken on the choosing images. Where every class is edited, the worst
    one is shifted against the rest.
    """
    bank, chosen = banks.evaluation, plan.choosing
    labels = bank.labels[chosen]
    inside = plan.classes
    before = Head.of(bank).predict(bank, chosen) == labels
    if len(inside) == len(bank.classes):
        n = np.bincount(labels, minlength=len(inside))
        share = np.bincount(labels, weights=before, minlength=len(inside)) / np.maximum(n, 1)
        inside = [int(np.where(n > 0, share, 2.0).argmin())]
    others = ~np.isin(labels, inside)
    fitted = BiasShift(bank.logits[chosen], labels, inside)
    shifted = BiasShift(banks.reporting.logits[rows], banks.reporting.labels[rows], inside)
    costs = [net_cost(before, head.predict(bank, chosen) == labels, others) for head in heads]
    return np.stack([shifted.predict(fitted.delta(cost)) for cost in costs])


def _record(banks: Banks, plan: Plan, edited: Edited, jury: Jury) -> Edit:
    bank, request, recipe = banks.evaluation, plan.request, plan.recipe
    trained = request.method in ("ratio", "weighted", "focal")
    ratio = request.method == "ratio"
    arms = [describe(jury, name) for name in jury.predicted]
    controls = [name for name in jury.predicted if name not in (EDIT, ORIGINAL)]
    differences = [compare(jury, name, request.seed) for name in controls]
    saved = jury.right(EDIT)[edited.saved]
    before = jury.right(ORIGINAL)[0]
    used = {} if request.method not in ("zero", "ratio") else {
        str(aim.class_index): tuple(aim.first(edited.size).neurons.tolist()) for aim in plan.aims
    }  # fmt: skip
    report = banks.reporting
    return Edit(
        id="",
        created="",
        method=request.method,
        classes=tuple(Label(k, bank.classes[k]) for k in plan.classes),
        neurons=used,
        strength=recipe.strength if ratio else 0.0,
        targets={str(aim.class_index): aim.target for aim in plan.aims} if ratio else {},
        lr=recipe.lr if trained else 0.0,
        batch_size=recipe.batch_size if trained else 0,
        chosen_on=_part(bank, plan.choosing),
        reported_on=_part(report, jury.rows),
        n_report=len(jury.rows),
        n_target=int(np.isin(jury.labels, plan.classes).sum()),
        before=outcome(report, before, plan.classes, jury.rows),
        after=outcome(report, saved, plan.classes, jury.rows),
        arms=tuple(arms),
        differences=tuple(differences),
        verdict=verdict(jury, arms, differences),
        notes=plan.notes + _balance(jury),
        request=msgspec.to_builtins(request),
        provenance=_provenance(banks),
    )


def _part(bank: Bank, rows: Array) -> str:
    whole = len(rows) == len(bank.labels)
    return bank.meta.split if whole else f"{bank.meta.split}, {len(rows)} of {len(bank.labels)}"


def _balance(jury: Jury) -> tuple[str, ...]:
    if jury.bank.groups is None:
        return ()
    counts = np.bincount(jury.bank.groups[jury.rows], minlength=len(jury.bank.groups_named))
    named = ", ".join(
        f"{name} {count}" for name, count in zip(jury.bank.groups_named, counts, strict=True)
    )
    return (f"Reporting images by group: {named}. A balanced split is itself group information.",)


def _provenance(banks: Banks) -> dict[str, str]:
    found = {
        "weights": banks.evaluation.meta.weights,
        "evaluation_bank": banks.evaluation.meta.key,
        "reporting_bank": banks.reporting.meta.key,
        "reporting_split": banks.reporting.meta.split,
        "training_banks": " ".join(bank.meta.key for bank in banks.training),
    }
    if banks.evaluation.meta.on is not None:
        found["on"] = banks.evaluation.meta.on
    return found | {name: version(name) for name in ("neuroinspect-tui", "torch", "numpy")}
