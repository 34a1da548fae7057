"""The edit that does best by the worst group, by cross-validation on the selection images (ours).

Source: docs/concepts.md, edits.
"""

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from msgspec import structs

from engine.editing.heads import Edited, Head
from engine.editing.methods import EDIT_METHODS
from engine.editing.methods.base import EditMethod, Fitting
from engine.editing.plan import Plan
from engine.editing.selection import SelectionScorer
from engine.editing.task import EditTask
from engine.features.cache import FeatureCache
from engine.grouping.directions import LEAST
from engine.grouping.finding import by_directions
from engine.schema.arrays import Array
from engine.schema.errors import RequestError
from engine.schema.records import Progress
from engine.schema.requests import Select

CANDIDATES = ("dfr", "retrain", "afr", "direction", "zero")
"""By what is known of them before: where groups are right, `dfr` does best (docs/evidence.md)."""
CAREFUL = ("zero", "direction")
"""Those that leave the weights' directions as they are, but for what they take out. Fitting all
weights to groups that are wrong does more harm than none (docs/evidence.md)."""
FOLDS = 4
Z95 = 1.96
FEW = 10
"""Images of the smallest group below which no candidate is taken for alike: a standard error of a
group of one is all of it, and `dfr` would fit to as many images of every group."""


class Auto(EditMethod):
    """Tries each candidate on parts of the selection images, and makes the edit with the best.

    Every selection image is predicted once, by a decision layer that was fitted without it and
    whose settings were chosen without it. The worst group of these predictions decides: of the
    groups asked for, the data's own, or groups found without labels. Of candidates within a
    standard error of the best, that one is taken which is known to do best where groups are right.
    What images report has chosen nothing.
    """

    title = "the best of the others"
    help = "tries zero, retrain, afr, dfr and direction on parts of the selection images"
    decides = "the worst group decides, cross-validated (without groups the worst class)"
    finds_groups = True

    def fit(self, task: EditTask) -> Fitting:
        """Cross-validate every candidate, then fit the best to all selection images."""
        notes = _guard(task)
        grouped, doubtful = task.cache.groups is not None, _doubtful(task)
        select: Select = "worst-group" if grouped else "worst-class"
        if doubtful:
            select, notes = "mistake-aware", (*notes, _on_doubt(doubtful))
        scorer = SelectionScorer(task.cache, task.plan.selection, task.scorer.classes, select)
        task = replace(task, scorer=scorer)
        scores: dict[str, tuple[float, float]] = {}
        answers: dict[str, Array] = {}
        failed = []
        tries = CAREFUL if doubtful else CANDIDATES
        names = [n for n in tries if grouped or "groups" not in EDIT_METHODS.get(n).needs]
        for number, name in enumerate(names):
            try:
                predicted = yield from _cross_validated(task, name, (number, len(names)))
            except RequestError as error:  # this one cannot be used here; others may
                failed.append(f"{name} cannot be used here: {error}")
                continue
            scores[name], answers[name] = scorer.score(predicted), predicted
        if not scores:
            raise RequestError(f"--method auto found no edit that can be made: {failed[0]}")
        chosen = max(scores, key=lambda name: scores[name])
        if grouped and not doubtful:
            chosen = _first_alike(task, scores, answers[chosen])
        if doubtful and len(scores) > 1 and not _clearly(task, answers):
            chosen = CAREFUL[0]
        plan = _plan_of(task, chosen, task.plan.selection, task.plan.request.seeds)
        edited: Edited = yield from EDIT_METHODS.get(chosen).fit(replace(task, plan=plan))
        tried = {name: score for name, (score, _) in scores.items()}
        said = (_said(task, chosen, tried), *failed, *notes)
        return replace(edited, notes=(*said, *edited.notes), chosen=chosen, tried=tried)


def _first_alike(task: EditTask, scores: dict[str, tuple[float, float]], best: Array) -> str:
    """Return the first candidate whose worst group is within a standard error of the best one's.

    The smallest group may have a dozen images, of which one decides nothing. Where it has fewer
    than ten, the best is taken as it is.

    Args:
        task: Whose selection images have groups.
        scores: By candidate, in order of preference.
        best: (n,) predictions of the one with the best score.
    """
    cache, rows = task.cache, task.plan.selection
    assert cache.groups is not None  # asked for before
    groups, right = cache.groups[rows], best == cache.labels[rows]
    shares = {int(g): right[groups == g] for g in np.unique(groups[groups >= 0])}
    if min(map(len, shares.values())) < FEW:
        return max(scores, key=lambda name: scores[name])
    worst = min(shares.values(), key=lambda some: float(some.mean()))
    # an image right and one wrong more, so that a group without a mistake is not without doubt
    share = (worst.sum() + 1) / (len(worst) + 2)
    least = float(worst.mean()) - (share * (1 - share) / len(worst)) ** 0.5
    return next(name for name in scores if scores[name][0] >= least)


def _clearly(task: EditTask, answers: dict[str, Array]) -> bool:
    """Return whether `direction` is better than `zero` by two standard errors of the difference.

    Mistakes are few where groups are in doubt: a tie is no reason to go by the groups.
    """
    cache, rows = task.cache, task.plan.selection
    labels = cache.labels[rows]
    first, second = (answers[name] == labels for name in CAREFUL)
    gains = [
        (second[kind].astype(np.float64) - first[kind]) for kind in task.scorer.kinds if kind.any()
    ]
    gain = sum(float(some.mean()) for some in gains)
    variance = sum(float(some.var()) / len(some) for some in gains)
    return gain > Z95 * variance**0.5


def _doubtful(task: EditTask) -> list[str]:
    """Return the edited classes whose groups are in doubt."""
    laid = task.cache.overlay
    edited = {task.cache.classes[k] for k in task.plan.classes}
    return [] if laid is None else [name for name in laid.doubtful if name in edited]


def _on_doubt(classes: list[str]) -> str:
    shown = ", ".join(classes[:3]) + ("" if len(classes) <= 3 else f" and {len(classes) - 3} more")
    return (
        f"The groups of {shown} are in doubt (few mistakes, or not divided), so mistakes and right "
        "images of each class decided with the same weight, and only edits that fit no weights "
        f"anew were tried: {', '.join(CAREFUL)}."
    )


def _guard(task: EditTask) -> tuple[str, ...]:
    """Say what decides where no groups are known; refuse where too few mistakes could tell.

    Raises:
        RequestError: No edited class has mistakes enough to find kinds of images by.
    """
    if task.cache.groups is not None:
        return ()
    plan = task.plan
    found = task.sought
    if found is None:
        found = by_directions(task.cache, plan.selection, plan.classes, plan.request.seed)
    kinds = [kind for kind in found.kinds if kind.index in plan.classes]
    most = max(kind.mistakes for kind in kinds)
    if most < LEAST:
        raise RequestError(
            f"--method auto has too few mistakes to choose by: at most {most} of a class among the "
            "selection images, from which no groups can be found; give a larger evaluation split, "
            "a --test-split (all of the evaluation split then chooses), or a method by name."
        )
    why = "; ".join(f"{kind.name}: {kind.why_not}" for kind in kinds[:3] if kind.why_not)
    return (
        f"No groups were found {found.searched} ({why}), so the worst class decided: "
        "what an edit does to kinds of images within a class was not seen.",
    )


def _cross_validated(
    task: EditTask, name: str, place: tuple[int, int]
) -> Generator[Progress, None, Array]:
    """Return (n,) predictions of the selection images, each by a fit that has not seen it."""
    cache, selection = task.cache, task.plan.selection
    predicted = np.zeros(len(selection), dtype=np.int64)
    number, count = place
    for fold, places in enumerate(folds(cache, selection, task.plan.request.seed)):
        fitted = np.delete(selection, places)
        plan = _plan_of(task, name, fitted, 1)
        scorer = SelectionScorer(cache, fitted, task.scorer.classes, task.scorer.select)
        part = replace(
            task, plan=plan, scorer=scorer, directory=task.directory / f"{name}-fold-{fold}"
        )
        fitting = EDIT_METHODS.get(name).fit(part)
        while True:
            try:
                next(fitting)
            except StopIteration as stop:
                edited: Edited = stop.value
                break
        head: Head = edited.variants["edit"][edited.saved]
        predicted[places] = head.predict(cache, selection[places])
        done, total = number * FOLDS + fold + 1, count * FOLDS
        yield Progress(stage=f"cross-validating {name}", done=done, total=total, unit="fits")
    return predicted


def folds(cache: FeatureCache, rows: Array, seed: int) -> list[Array]:
    """Divide places among `rows` in four, alike in class, group and what was right before."""
    right = cache.predicted[rows] == cache.labels[rows]
    groups = np.zeros(len(rows)) if cache.groups is None else cache.groups[rows]
    shuffled = np.random.default_rng((29, seed)).permutation(len(rows))
    ordered = np.lexsort((shuffled, right, groups, cache.labels[rows]))
    return [np.sort(ordered[at::FOLDS]) for at in range(FOLDS)]


def _plan_of(task: EditTask, name: str, rows: Array, seeds: int) -> Plan:
    """Return the plan of a candidate, made by looking at `rows` alone."""
    assert task.replan is not None  # an edit under way has it
    asked = structs.replace(task.plan.request, method=name, seeds=seeds, select=task.scorer.select)
    return task.replan(asked, rows)


def _said(task: EditTask, chosen: str, tried: dict[str, float]) -> str:
    """Tell what was chosen, and by which figures."""
    cache, rows = task.cache, task.plan.selection
    before, _ = task.scorer.score(cache.predicted[rows])
    select = task.scorer.select
    what = select if select == "mistake-aware" else f"the {select.replace('-', ' ')}"
    of = cache.labels[rows] if cache.groups is None else cache.groups[rows]
    counts = np.bincount(of[of >= 0])
    best = sorted(tried, key=lambda name: -tried[name])
    figures = ", ".join(f"{name} {tried[name]:.1%}" for name in best)
    alike = ""
    if tried[chosen] < tried[best[0]] and select == "worst-group":
        alike = f" {chosen} is within a standard error of {best[0]}, and comes before it."
    none = "" if tried[chosen] > before else " None does better than no edit there."
    return (
        f"auto chose {chosen} by {what}, cross-validated on the selection images (smallest n "
        f"{counts[counts > 0].min()}): {figures}; no edit {before:.1%}.{alike}{none}"
    )


KIND = Auto()
