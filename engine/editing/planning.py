"""From a request and the features to an edit's plan. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.ablation.baselines import blame_signs
from engine.attribution.evidence import gather
from engine.attribution.query import affected_classes, check_neurons
from engine.attribution.ranking import order
from engine.editing.methods import EDIT_METHODS
from engine.editing.methods.base import EditMethod
from engine.editing.options import check_options
from engine.editing.plan import Aim, Plan
from engine.features.cache import FeatureCache
from engine.features.halves import halves
from engine.features.overlay import Overlay
from engine.schema.arrays import Array
from engine.schema.bounds import check_bounds
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest


def make_plan(
    cache: FeatureCache, request: EditRequest, *, tested: bool, kept_back: Array | None = None
) -> Plan:
    """Settle what an edit is about, looking at nothing but the selection images.

    Args:
        cache: Of the evaluation split.
        request: What was asked.
        tested: Whether a test split reports, so that the whole evaluation split may choose.
        kept_back: The rows that the edit started from reported on, and so must this one: it has
            seen the others.

    Raises:
        RequestError: A class without mistakes there, or numbers that make no sense.
    """
    _check(request, cache)
    selection, held_out = divide(cache, request.seed, tested=tested, kept_back=kept_back)
    if cache.overlay is not None:
        _check_overlay(cache, cache.overlay, selection, held_out)
    notes = [] if cache.overlay is None else list(cache.overlay.notes)
    if request.neurons and not tested:
        notes.append(
            "The neurons were named by hand: if the held-out images helped to choose them, "
            "the gain is flattered; a --test-split settles it."
        )
    return settle(cache, request, selection, held_out, notes)


def settle(
    cache: FeatureCache,
    request: EditRequest,
    selection: Array,
    held_out: Array | None,
    notes: Sequence[str] = (),
) -> Plan:
    """Settle the rest of a plan once it is known which rows choose and which report.

    Raises:
        RequestError: A class without mistakes among those that choose.
    """
    method, notes = EDIT_METHODS.get(request.method), list(notes)
    aims, left = _aims(cache, request, method, selection)
    if left:
        notes.append(
            f"{len(left)} classes have no mistakes among the selection images and stay as they are."
        )
    sizes = method.sizes(request, cache.meta.width, max(len(aim.neurons) for aim in aims))
    return Plan(request, method.recipe(request), aims, selection, held_out, sizes, tuple(notes))


def divide(
    cache: FeatureCache, seed: int, *, tested: bool, kept_back: Array | None = None
) -> tuple[Array, Array | None]:
    """Return the rows that choose and those that report; None for all of the test split.

    The arguments are those of `make_plan`.

    Raises:
        RequestError: No image is left to report on.
    """
    everyone = cache.counted
    if tested:
        return everyone, None
    selection, held_out = halves(cache, seed)
    if kept_back is not None:
        selection = np.setdiff1d(everyone, kept_back)
        held_out = np.intersect1d(everyone, kept_back)
    if len(held_out) == 0:
        raise RequestError(
            f"{cache.meta.split} has {len(everyone)} image, so none can be held out; "
            "give more images, or a --test-split."
        )
    return selection, held_out


def _check_overlay(
    cache: FeatureCache, laid: Overlay, selection: Array, held_out: Array | None
) -> None:
    """Refuse groups that the reporting images helped to find, and groups that lose a class."""
    if laid.looked_at is None:
        raise RequestError(
            f"The grouping {laid.name} was found on {cache.meta.split} as it was before its "
            "images or the weights changed, so that which images it has seen is unknown; make it "
            "again, or give --group-by found."
        )
    if held_out is not None and (seen := np.isin(held_out, laid.looked_at)).any():
        raise RequestError(
            f"The grouping {laid.name} was found on {int(seen.sum())} of the images that this "
            "edit would report on; give the same --seed as `groups make`, or --group-by found."
        )
    labels, known = cache.labels[selection], laid.groups[selection] >= 0
    lost = np.setdiff1d(labels, labels[known])
    if len(lost):
        raise RequestError(
            f"The grouping {laid.name} has a value for no selection image of "
            f"{cache.classes[int(lost[0])]}, although for others of the class; give it more."
        )


def _aims(
    cache: FeatureCache, request: EditRequest, method: EditMethod, selection: Array
) -> tuple[tuple[Aim, ...], list[int]]:
    aims, left = [], []
    by, goal = request.by or method.ranking(request), method.recipe(request).target
    for k in request.classes:
        try:
            evidence = gather(cache, k, rows=selection, classes=request.classes)
        except RequestError:
            if len(request.classes) == 1:
                raise
            left.append(k)
            continue
        ranked = order(evidence, by)
        neurons = check_neurons(request.neurons, cache.meta.width) if request.neurons else ranked
        if len(neurons) == 0:
            raise RequestError(
                f"No neuron is ranked by {by} for {cache.classes[k]}; use --by contrast."
            )
        target = goal
        if target is None:
            few = neurons[: method.sizes(request, cache.meta.width, len(neurons))[-1]]
            target = (float(evidence.importance[few].min()) - 1) / 3 + 1
        signs = blame_signs(evidence.head[0], k, evidence.others)
        rows = affected_classes(cache, k, request.rows, among=selection)
        aims.append(Aim(k, neurons, rows, target, signs))
    if not aims:
        raise RequestError(
            "None of these classes has mistakes among the selection images: nothing to edit."
        )
    return tuple(aims), left


def _check(request: EditRequest, cache: FeatureCache) -> None:
    if not request.classes:
        raise RequestError("No class to edit; name one with --class.")
    if request.neurons and request.top != "auto":
        raise RequestError("Name the neurons either by --neuron J (may be repeated) or by --top N.")
    check_bounds(request)
    check_options(request)
    if "groups" in EDIT_METHODS.get(request.method).needs and cache.groups is None:
        raise RequestError(
            f"--method {request.method} needs group labels; these data have no groups: "
            "give --group-by found, or the name of a grouping."
        )
    if request.select == "worst-group" and cache.groups is None:
        raise RequestError(
            "--select worst-group needs groups; these data have none: give --group-by found, or "
            "the name of a grouping."
        )
