"""What the mistakes of one class say of every neuron: what rankings score. No torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from engine.attribution.explained import explained_by_groups
from engine.evaluation.scores import probabilities
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.errors import RequestError

LEAST_VOTE = 3.0  # percent; the published list drops what is not above it


@dataclass(frozen=True)
class Evidence:
    """What the mistakes of one class say of every neuron, mistake by mistake.

    `excessive`, `insufficient` and `contribution` are (m, D) per-mistake terms of contrast
    (both directions) and of
    contribution; `up` and `down` are (m, 5) voted neurons, -1 for none.
    """

    class_index: int
    excessive: Array
    insufficient: Array
    contribution: Array
    up: Array
    down: Array
    steps: Array
    flipped: Array
    others: Array
    """(m,), the classes the mistakes are predicted as."""
    mean: Array
    """(D,), the mean feature of the split."""
    head: tuple[Array, Array]
    explain: Callable[[], Array] | None = None
    """Computes `explained`; None without groups."""
    core_sensitivity: Mapping[int, float] = field(default_factory=dict)
    """By neuron that was drawn for the class."""

    @cached_property
    def explained(self) -> Array | None:
        """(D,): the share of a neuron's variance within classes that groups explain, or None.

        Summed over the classes asked for, that under inspection unless others were named.
        """
        return None if self.explain is None else self.explain()

    @property
    def width(self) -> int:
        """D."""
        return self.excessive.shape[1]

    @cached_property
    def votes(self) -> tuple[Array, Array]:
        """(D,) and (D,): percent of mistakes naming each neuron insufficient, excessive."""
        m = max(len(self.up), 1)
        counts = [
            np.bincount(named[named >= 0], minlength=self.width) * 100.0 / m
            for named in (self.up, self.down)
        ]
        return counts[0], counts[1]

    @cached_property
    def importance(self) -> Array:
        """(D,): p_k(mean features) / p_k(the same with neuron j at 0)."""
        weight, bias = self.head
        k = self.class_index
        logits = weight @ self.mean + bias  # (C,)
        without = logits[None] - (weight * self.mean).T  # (D, C)
        # a class far from the mean feature has p near 0: divide first, in logs
        ratio = np.log(probabilities(logits[None])[0, k] + 1e-300) - np.log(
            probabilities(without)[:, k] + 1e-300
        )
        return np.exp(ratio)

    @property
    def votes_informative(self) -> bool:
        """Whether votes differ between mistakes: with two classes they never do.

        Source: docs/concepts.md, rankings.
        """
        named = {
            (frozenset(u), frozenset(d))
            for u, d in zip(self.up.tolist(), self.down.tolist(), strict=True)
        }
        return len(self.head[0]) > 2 and (len(self.up) < 2 or len(named) > 1)


def gather(
    cache: FeatureCache,
    class_index: int,
    *,
    rows: Array | None = None,
    mistake: int | None = None,
    classes: Sequence[int] = (),
    core_sensitivity: Mapping[int, float] | None = None,
) -> Evidence:
    """Collect the evidence against neurons for a class.

    Args:
        cache: The feature cache of the split.
        class_index: k.
        rows: Look at these rows of the split only (the half used for choosing).
        mistake: Look at this one mistake only, by row.
        classes: Those that groups are looked at in; empty: the class alone.
        core_sensitivity: By neuron that was drawn for the class.

    Raises:
        RequestError: The class has no mistakes there.
    """
    wrong = np.asarray(cache.array("mistake_rows"))
    places = np.flatnonzero(cache.labels[wrong] == class_index)
    mine = np.flatnonzero((cache.labels == class_index) & (cache.predicted == class_index))
    mean = cache.mean
    if rows is not None:
        places = places[np.isin(wrong[places], rows)]
        mine = mine[np.isin(mine, rows)]
        mean = np.asarray(cache.features[rows], dtype=np.float64).mean(axis=0)
    if mistake is not None:
        places = places[wrong[places] == mistake]
    if len(places) == 0:
        half = "" if rows is None else " in the half used for choosing"
        raise RequestError(
            f"{cache.classes[class_index]} has no mistakes on {cache.meta.split}{half}: "
            "nothing to explain; choose a class with mistakes (see `classes`)."
        )
    weight = np.asarray(cache.weight, dtype=np.float64)
    features = np.asarray(cache.features[wrong[places]], dtype=np.float64)  # (m, D)
    others = cache.predicted[wrong[places]]
    # a class never right has no mean of its own: the split's stands in
    usual = np.asarray(cache.features[mine], dtype=np.float64).mean(axis=0) if len(mine) else mean
    toward = weight[others] - weight[class_index]  # (m, D)
    above = features - usual
    return Evidence(
        class_index=class_index,
        excessive=np.maximum(toward, 0) * above,
        insufficient=np.maximum(-toward, 0) * -above,
        contribution=toward * features,
        up=np.asarray(cache.array("insufficient")[places]),
        down=np.asarray(cache.array("excessive")[places]),
        steps=np.asarray(cache.array("steps")[places]),
        flipped=np.asarray(cache.array("flipped")[places]),
        others=others,
        mean=np.asarray(mean),
        head=(weight, np.asarray(cache.bias, dtype=np.float64)),
        explain=None
        if cache.groups is None
        else partial(explained_by_groups, cache, classes or (class_index,), rows),
        core_sensitivity=core_sensitivity or {},
    )
