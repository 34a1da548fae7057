"""Request + feature cache -> what an edit is about: halves, classes, neurons, rows, targets.

No torch.
"""

from dataclasses import dataclass, replace

import numpy as np
from msgspec import structs

from engine.ablation.baselines import blame_signs, placebo
from engine.attribution.query import affected_classes, check_neurons, parse_top
from engine.attribution.ranking import gather, order
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest

WIDE_TOP = "40%"
PAPER_TOP = "5"
"""As many as one image votes for."""
AUTO_SHARES = np.geomspace(0.02, 0.60, 12)


@dataclass(frozen=True)
class Recipe:
    """How heads train: the published constants (docs/concepts.md: edits), or the request's own."""

    strength: float
    target: float | None
    """o; None: from the neurons' importance, class by class."""
    lr: float
    batch_size: int
    weight_decay: float = 0.0
    scheduled: bool = True
    """Warm-up over 5% and ramp-down over 25% of the whole run."""
    by_groups: bool = False
    """The bird version: one ratio averaged over the batch and all classes."""
    every_class: bool = False
    """The ratio of every class concerned, not only of the edited one."""


@dataclass(frozen=True)
class Aim:
    """A class to edit: its neurons, most blamed first, and the rows of W that may change."""

    class_index: int
    neurons: Array
    rows: Array
    target: float
    signs: Array
    """(D,), the signs of W[k] - W[o] that a placebo must share."""

    def first(self, count: int) -> "Aim":
        """Return the same with the first `count` neurons only."""
        return replace(self, neurons=self.neurons[:count])

    def random(self, generator: np.random.Generator) -> "Aim":
        """Return the same with random neurons of the same signs: the placebo."""
        return replace(self, neurons=placebo(self.neurons, self.signs, generator))


@dataclass(frozen=True)
class Plan:
    """What an edit is about. Rows are of the evaluation split's feature cache."""

    request: EditRequest
    recipe: Recipe
    aims: tuple[Aim, ...]
    selection: Array
    held_out: Array | None
    """None: all of the test split."""
    sizes: tuple[int, ...]
    """Candidates for the number of neurons; one where it is settled."""
    notes: tuple[str, ...]

    @property
    def classes(self) -> list[int]:
        """The edited classes."""
        return [aim.class_index for aim in self.aims]

    @property
    def touched(self) -> Array:
        """The rows of W that may change."""
        return np.unique(np.concatenate([aim.rows for aim in self.aims]))

    def placebos(self, size: int) -> list[tuple[Aim, ...]]:
        """Return random aims of the same signs, a tuple a seed."""
        first = [aim.first(size) for aim in self.aims]
        seeds = range(self.request.seed, self.request.seed + self.request.seeds)
        generators = [np.random.default_rng((7, seed)) for seed in seeds]
        return [tuple(aim.random(generator) for aim in first) for generator in generators]


def halves(cache: FeatureCache, seed: int) -> tuple[Array, Array]:
    """Split a feature cache's rows into a choosing and a reporting half, sorted.

    Stratified over class x originally right or wrong x group: a stratum's shares differ by at
    most one image, and so do the halves.
    """
    right = cache.predicted == cache.labels
    groups = np.zeros(len(right), dtype=np.int64) if cache.groups is None else cache.groups
    shuffled = np.random.default_rng((3, seed)).permutation(len(right))
    strata = np.lexsort((shuffled, groups, right, cache.labels))
    return np.sort(strata[::2]), np.sort(strata[1::2])


def make_plan(
    cache: FeatureCache, request: EditRequest, *, tested: bool, kept_back: Array | None = None
) -> Plan:
    """Settle what an edit is about, looking at nothing but the choosing images.

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
    if tested:
        selection, held_out = np.arange(len(cache.labels)), None
    else:
        selection, held_out = halves(cache, request.seed)
        if kept_back is not None:
            everyone = np.arange(len(cache.labels))
            selection, held_out = np.setdiff1d(everyone, kept_back), kept_back
        if len(held_out) == 0:
            raise RequestError(
                f"{cache.meta.split} has {len(cache.labels)} image: none is left to report on; "
                "give more images, or a --test-split."
            )
    recipe = recipe_of(request)
    notes = []
    if request.neurons and not tested:
        notes.append(
            "The neurons were named by hand: if the reporting images helped to choose them, "
            "the gain is flattered; a --test-split settles it."
        )
    aims, left = _aims(cache, request, recipe, selection)
    if left:
        notes.append(
            f"{len(left)} classes have no mistakes among the choosing images and are left alone."
        )
    sizes = _sizes(request, cache.meta.width, max(len(aim.neurons) for aim in aims))
    return Plan(request, recipe, aims, selection, held_out, sizes, tuple(notes))


def _aims(
    cache: FeatureCache, request: EditRequest, recipe: Recipe, selection: Array
) -> tuple[tuple[Aim, ...], list[int]]:
    aims, left = [], []
    for k in request.classes:
        try:
            evidence = gather(cache, k, rows=selection)
        except RequestError:
            if len(request.classes) == 1:
                raise
            left.append(k)
            continue
        ranked = order(evidence, request.by)
        neurons = check_neurons(request.neurons, cache.meta.width) if request.neurons else ranked
        if len(neurons) == 0:
            raise RequestError(f"No neuron has votes for {cache.classes[k]}; use --by contrast.")
        target = recipe.target
        if target is None:
            few = neurons[: _sizes(request, cache.meta.width, len(neurons))[-1]]
            target = (float(evidence.importance[few].min()) - 1) / 3 + 1
        signs = blame_signs(evidence.head[0], k, evidence.others)
        rows = affected_classes(cache, k, request.rows, among=selection)
        aims.append(Aim(k, neurons, rows, target, signs))
    if not aims:
        raise RequestError("None of these classes has mistakes to choose by; nothing to edit.")
    return tuple(aims), left


def _sizes(request: EditRequest, width: int, available: int) -> tuple[int, ...]:
    if request.neurons:
        return (len(request.neurons),)
    if request.top == "auto" and request.method == "zero":
        shares = {max(1, round(float(share) * width)) for share in AUTO_SHARES}
        return tuple(sorted({min(size, available) for size in shares}))
    auto = WIDE_TOP if request.preset == "wide" else PAPER_TOP
    return (min(parse_top(auto if request.top == "auto" else request.top, width), available),)


def recipe_of(request: EditRequest) -> Recipe:
    """Return how heads train by a request: what it leaves open is taken from its preset."""
    if request.method == "ratio" and request.preset == "wide":
        usual = Recipe(0.1, 1.0, 1e-3, 128, every_class=True)
    elif request.method == "ratio" and request.preset == "bird":
        usual = Recipe(0.01, 1.0, 5e-5, 32, weight_decay=1e-4, scheduled=False, by_groups=True)
    else:
        usual = Recipe(0.01, None if request.method == "ratio" else 1.0, 1e-3, 128)
    return replace(
        usual,
        strength=usual.strength if request.strength is None else request.strength,
        target=usual.target if request.target is None else request.target,
        lr=usual.lr if request.lr is None else request.lr,
        batch_size=usual.batch_size if request.batch_size is None else request.batch_size,
    )


def _check(request: EditRequest, cache: FeatureCache) -> None:
    if not request.classes:
        raise RequestError("No class to edit; name one with --class.")
    if request.neurons and request.top != "auto":
        raise RequestError("Say which neurons: either --neuron J (several times) or --top N.")
    bounds = {
        "epochs": (request.epochs, 0, 100_000),
        "seeds": (request.seeds, 1, 100),
        "views": (request.views, 1, 1000),
        "strength": (request.strength, 0, 1e6),
        "target": (request.target, 1e-3, 1e3),
        "lr": (request.lr, 1e-9, 10),
        "batch-size": (request.batch_size, 1, 1_000_000),
    }
    for name, (value, least, most) in bounds.items():
        if value is not None and not least <= value <= most:  # NaN compares false
            raise RequestError(f"--{name} {value} is out of range; give {least:g} to {most:g}.")
    if request.method != "ratio":
        for name in ("strength", "target"):
            if structs.asdict(request)[name] is not None:
                raise RequestError(f"--{name} belongs to --method ratio, not {request.method}.")
    if request.select == "worst-group" and cache.groups is None:
        raise RequestError("--select worst-group needs groups; these data have none.")
