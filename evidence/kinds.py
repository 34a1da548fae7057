"""Kinds found without labels: are they the true groups, and which neurons do they point at?"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from msgspec import Struct

from engine.attribution.explained import explained_by_groups
from engine.clip.image_features import open_clip_features
from engine.features.cache import FeatureCache
from engine.grouping.choosing import find_kinds
from engine.grouping.described import Described, by_features, open_by_clip
from engine.grouping.finding import Found
from engine.grouping.laying import found_overlay, purity
from engine.schema.arrays import Array
from engine.schema.requests import ClipRequest
from engine.session import TorchEngine
from evidence.models import Model
from evidence.rankings import background_dependence, driven, last, precision
from evidence.result_files import Cell, Column

TEST = "test"
PERMUTATIONS = 20
BANDS = ((20, 10**9), (10, 19), (3, 9), (0, 2))
"""Of a class's mistakes among the images looked at, from and to."""

COLUMNS = (
    Column("classes", "{:.0f}"),
    Column("divided", "{:.0f}"),
    Column("purity: mean, least", "{:.3f}, {:.3f}"),
    Column("false alarms", "{:.2f}"),
)
"""Of the table of `kinds_rows`."""


class ClassKinds(Struct, frozen=True):
    """What was found in one class of one model."""

    mistakes: int
    """Among the images looked at."""
    divided: bool
    space: str
    purity: float | None
    """On the test images, .5 to 1; None where the class is not divided."""
    false_alarms: float
    """Share of draws in which it is divided although its mistakes are dealt out at random."""


class Kinds(Struct, frozen=True):
    """What was found for one model, with one CLIP or none."""

    classes: list[ClassKinds]
    precision: list[float] | None
    """Precision@5, @10 and mean rank of the background-driven neurons, ranked by the groups found;
    None where no class is divided."""


@dataclass(frozen=True)
class Seen:
    """A split's features, and its images as CLIP sees them."""

    cache: FeatureCache
    clip: Described | None


def see(engine: TorchEngine, split: str) -> Seen:
    """Extract what is missing of a split."""
    cache = last(engine.ready_cache(split))
    source = engine.source
    if source.has_clip and open_clip_features(engine.home, source, cache, whole=True) is None:
        for _ in engine.clip(ClipRequest(split=split, whole=True)):
            pass
    return Seen(cache, open_by_clip(engine.home, source, cache))


def measure(model: Model, evaluation: str, clip: str) -> Kinds:
    """Find kinds on all images of a validation split; measure them on the test split.

    Args:
        model: Whose mistakes.
        evaluation: The validation split.
        clip: What workspace.toml would name; `none` for none.
    """
    engine = model.engine(evaluation, clip)
    seen, tested = see(engine, evaluation), see(engine, TEST)
    found = find(seen)
    on_test = found.apply(tested.cache, tested.clip if found.space == "clip" else None)
    pure = purity(on_test, engine.split(TEST))
    alarms = _false_alarms(seen, model.seed)
    classes = [
        ClassKinds(
            kind.mistakes, kind.index in found.cuts, found.space, pure.get(kind.index), alarm
        )
        for kind, alarm in zip(found.kinds, alarms, strict=True)
    ]
    return Kinds(classes, _precision(engine, model, seen, found))


def precision_of_groups(model: Model, evaluation: str, clip: str) -> list[float] | None:
    """Return precision@5, @10 and mean rank of the background-driven neurons by the groups found.

    None where no class is divided. The arguments are those of `measure`.
    """
    engine = model.engine(evaluation, clip)
    seen = see(engine, evaluation)
    return _precision(engine, model, seen, find(seen))


def find(seen: Seen, cache: Any = None) -> Found:
    """Divide every class on all images of a split; `cache` stands in for the split's own."""
    cache = cache or seen.cache
    return find_kinds(cache, cache.counted, range(len(cache.classes)), 0, seen.clip)


def _false_alarms(seen: Seen, seed: int) -> list[float]:
    """Return by class how often it is divided though nothing tells its mistakes from the others."""
    divided = np.zeros(len(seen.cache.classes))
    rng = np.random.default_rng((61, seed))
    for _ in range(PERMUTATIONS):
        for k in find(seen, _dealt_out(seen.cache, rng)).cuts:
            divided[k] += 1
    return (divided / PERMUTATIONS).tolist()


def _dealt_out(cache: FeatureCache, rng: np.random.Generator) -> Any:
    """Return a split whose predictions go to other images of the same class."""
    order = np.arange(cache.meta.n)
    for k in range(len(cache.classes)):
        rows = np.flatnonzero(cache.labels == k)
        order[rows] = rng.permutation(rows)
    return SimpleNamespace(
        classes=cache.classes, labels=cache.labels, counted=cache.counted, meta=cache.meta,
        features=cache.features, predicted=cache.predicted[order], logits=cache.logits[order],
    )  # fmt: skip


def kinds_rows(case: str, clip: str, measured: Sequence[Kinds]) -> dict[str, list[Cell]]:
    """Return rows of a table: classes by mistakes, how many are divided, how purely.

    The false alarms are divisions of classes whose mistakes were dealt out at random.

    Args:
        case: Of the models, and the balance, for the row's name.
        clip: What looked for groups.
        measured: Of each model.
    """
    rows: dict[str, list[Cell]] = {}
    classes = [one for kinds in measured for one in kinds.classes]
    for least, most in BANDS:
        these = [one for one in classes if least <= one.mistakes <= most]
        if not these:
            continue
        pure = [one.purity for one in these if one.purity is not None]
        band = f"{least} or more" if most > 1000 else f"{least} to {most}"
        rows[f"{case}; {clip}; {band}"] = [
            [float(len(these))],
            [float(sum(one.divided for one in these))],
            [float(np.mean(pure)), min(pure)] if pure else None,
            [float(np.mean([one.false_alarms for one in these]))],
        ]
    return rows


def _precision(engine: TorchEngine, model: Model, seen: Seen, found: Found) -> list[float] | None:
    if not found.cuts:
        return None
    truth = np.zeros(seen.cache.meta.width, dtype=bool)
    truth[driven(background_dependence(engine.classifier, model.seed))] = True
    return list(precision(explained(seen, found), truth))


def explained(seen: Seen, found: Found) -> Array:
    """Return (D,): the variance that the groups found explain, summed over divided classes."""
    images = seen.clip if found.space == "clip" else by_features(seen.cache)
    overlay = found_overlay(found, seen.cache, seen.cache.counted, images)
    return explained_by_groups(seen.cache.with_groups(overlay), sorted(found.cuts), None)
