"""Is the mark found, named, and mended? The truth: the same photograph with it and without."""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.attribution.evidence import gather
from engine.attribution.explained import explained_by_groups
from engine.editing.store import compare_edit
from engine.evaluation.scores import score
from engine.features.cache import FeatureCache
from engine.grouping.laying import purity
from engine.schema.edits import Edit
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest, Select
from engine.session import TorchEngine
from engine.words.naming_mistakes import name_mistakes
from engine.words.opening import word_list
from evidence.kinds import TEST, explained, find, see
from evidence.marks.training import Planted
from evidence.rankings import activation_vector, dependence, driven, last, precision, scored_by
from evidence.repair import FREE, GROUPED
from evidence.tables import Figures
from evidence.words import made_space

MARKED = " yes"
"""How the name of a group ends whose photographs carry the mark."""
Array = NDArray[np.float64]


class Found(Struct, frozen=True):
    """What was found without labels of marks."""

    target: str
    mistakes: int
    """Of the marked class."""
    divided: dict[str, float]
    """By divided class, the purity of its groups on the test images, .5 to 1."""
    finding: list[float] | None
    """Precision@5, @10 and mean rank by the groups found; None where no class is divided."""
    words: dict[str, list[list[str]]]
    """By class that shows any, three words of its mistakes and three of its right images."""


def truth(cache: FeatureCache) -> NDArray[np.bool_]:
    """Return (D,): the tenth of the neurons whose variance comes most from the mark.

    Args:
        cache: Of the test split, which has every photograph without the mark and with it.
    """
    pairs: dict[str, list[int]] = {}
    for row, sample in enumerate(cache.samples):
        flower, name = sample.path.split("/")
        pairs.setdefault(f"{flower}/{'_'.join(name.split('_')[:2])}", []).append(row)
    rows = np.array(list(pairs.values()))
    features = np.asarray(cache.features, dtype=np.float64)
    mask = np.zeros(cache.meta.width, dtype=bool)
    mask[driven(dependence(features[rows[:, 0]], features[rows[:, 1]]))] = True
    return mask


def finding(model: Planted, evaluation: str) -> Figures:
    """Return by ranking precision@5, @10 and mean rank of the neurons that the mark drives.

    A ranking is of the marked class's mistakes, or, where its name says so, the mean over those
    of the other classes. Classes without mistakes say nothing.
    """
    engine = model.engine(evaluation)
    cache = last(engine.ready_cache(evaluation))
    mask = truth(last(engine.ready_cache(TEST)))
    directions = concepts(last(engine.ready_cache(engine.source.train_split)))
    target = cache.meta.folders.index(model.target)
    found: dict[str, list[tuple[float, float, float]]] = {}
    for k in range(len(cache.classes)):
        try:
            evidence = gather(cache, k)
        except RequestError:  # it has no mistakes
            continue
        for name, scored in scored_by(cache, k, evidence, directions, model.seed).items():
            row = name if k == target else f"{name}, other classes"
            found.setdefault(row, []).append(precision(scored, mask))
    return {name: np.mean(rows, axis=0).tolist() for name, rows in found.items()}


def by_true_groups(model: Planted, evaluation: str) -> list[float]:
    """Return precision@5, @10 and mean rank by the variance that the true groups explain."""
    engine = model.engine(evaluation)
    cache = last(engine.ready_cache(evaluation))
    share = explained_by_groups(cache, range(len(cache.classes)), None)
    return list(precision(share, truth(last(engine.ready_cache(TEST)))))


def concepts(cache: FeatureCache) -> Array:
    """Return (11, D): the activation vectors of the mark and of the ten flowers, for CCE.

    Args:
        cache: Of the training split.
    """
    features = np.asarray(cache.features, dtype=np.float64)
    marked = _marked(cache)[cache.groups]
    flowers = [cache.labels == k for k in range(len(cache.classes))]
    return np.stack([activation_vector(features, has) for has in (marked, *flowers)])


def _marked(cache: FeatureCache) -> NDArray[np.bool_]:
    """Return by group whether its photographs carry the mark."""
    return np.array([name.endswith(MARKED) for name in cache.groups_named])


def kinds(model: Planted, evaluation: str, clip: str) -> Found:
    """Find groups and words on all images of a validation split; measure them on the test split."""
    engine = model.engine(evaluation, clip)
    seen, tested = see(engine, evaluation), see(engine, TEST)
    groups = find(seen)
    on_test = groups.apply(tested.cache, tested.clip if groups.space == "clip" else None)
    pure = purity(on_test, engine.split(TEST))
    target = seen.cache.meta.folders.index(model.target)
    wrong = (seen.cache.labels == target) & (seen.cache.predicted != target)
    ranked = None
    if groups.cuts:
        ranked = list(precision(explained(seen, groups), truth(tested.cache)))
    return Found(
        model.target,
        int(wrong.sum()),
        {seen.cache.meta.folders[k]: pure[k] for k in groups.cuts if k in pure},
        ranked,
        {} if clip == "none" else _words(engine, seen.cache),
    )


def _words(engine: TorchEngine, cache: FeatureCache) -> dict[str, list[list[str]]]:
    space = made_space(engine, cache, word_list(cache.classes))
    named = [name_mistakes(space, k) for k in range(len(cache.classes))]
    return {
        of.class_.name: [list(of.looks_like[:3]), list(of.others_like[:3])]
        for of in named
        if of.looks_like or of.others_like
    }


def original(model: Planted) -> list[float]:
    """Return the figures of `repair` for the classifier as it was."""
    return _original(last(model.engine().ready_cache(TEST)), model.target)


def repair(model: Planted, evaluation: str, clip: str, request: EditRequest) -> list[float]:
    """Return five figures of an edit on the test images, the first four in percent.

    Average, worst true group, accuracy against the mark, the best worst group of its controls, and
    1 where an edit could be made. Against the mark: photographs of the marked class without it, and
    of the others with it. Where no edit can be made, the figures are those of the classifier as it
    was.

    Args:
        model: What is edited.
        evaluation: The validation split that chooses; the test split reports.
        clip: The CLIP that looks for groups; `none` for none.
        request: The edit.
    """
    engine = model.engine(evaluation, clip)
    return _figures(engine, last(engine.ready_cache(TEST)), request, model.target)


def requests(model: Planted, select: Select, *, found: bool) -> dict[str, EditRequest]:
    """Return by name the edits that `evidence.repair` makes, for all ten classes.

    Args:
        model: What is edited.
        select: What chooses where there are no groups.
        found: Whether to return those by groups found; else by true groups, and by none.
    """
    classes = tuple(range(len(model.engine().split(TEST).classes)))
    common: dict[str, Any] = {"classes": classes, "seeds": 1, "test_split": TEST}
    asked = {}
    for method in () if found else FREE:
        asked[f"{method}, no groups"] = EditRequest(**common, method=method, select=select)
    for method in GROUPED:
        by = {"group_by": "found"} if found else {}
        fields = common | by | {"method": method, "select": "worst-group"}
        asked[f"{method}, {'found' if found else 'true'} groups"] = EditRequest(**fields)
    return asked


def _figures(
    engine: TorchEngine, cache: FeatureCache, request: EditRequest, target: str
) -> list[float]:
    try:
        *_, edit = engine.edit(request)
    except RequestError:  # no groups are found, or too few mistakes could tell
        return _original(cache, target)
    assert isinstance(edit, Edit)  # an edit's last record
    compared = compare_edit(cache, engine.home / "edits" / edit.id, edit)
    assert compared.groups is not None  # marked or not
    by_group = {group.name: (group.n, group.after) for group in compared.groups}
    controls = [
        (variant.worst_own_group or variant.worst_group) for variant in edit.variants
        if variant.name not in ("original", "edit")
    ]  # fmt: skip
    best = max((100 * control.mean for control in controls if control is not None), default=0.0)
    worst = min(accuracy for _, accuracy in by_group.values())
    return [100 * compared.after.overall, 100 * worst, _against(cache, by_group, target), best, 1.0]


def _original(cache: FeatureCache, target: str) -> list[float]:
    scored = score(cache)
    assert scored.accuracy is not None
    assert scored.worst_group_accuracy is not None
    by_group = {one.name: (one.n, one.accuracy or 0.0) for one in scored.groups or ()}
    worst = 100 * scored.worst_group_accuracy
    return [100 * scored.accuracy, worst, _against(cache, by_group, target), worst, 0.0]


def _against(cache: FeatureCache, by_group: dict[str, tuple[int, float]], target: str) -> float:
    """Return the accuracy, in percent, where the mark misleads."""
    own = cache.classes[cache.meta.folders.index(target)]
    these = [
        counts for name, counts in by_group.items()
        if name.endswith(MARKED) != (name.split(" × ")[0] == own)
    ]  # fmt: skip
    return 100 * sum(n * accuracy for n, accuracy in these) / sum(n for n, _ in these)
