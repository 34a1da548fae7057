"""Mistakes -> ranked neurons: votes (paper 3.1), contrast and contribution. No torch.

Source: docs/concepts.md, rankings.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.evaluation.scores import probabilities
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.errors import RequestError
from engine.schema.records import Label, Neurons, RankedNeuron
from engine.schema.requests import By

LEAST_VOTE = 3.0  # percent; the published list drops what is not above it
RESAMPLES = 1000
STABLE_TOP = 10


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
    """(m,), the classes the mistakes were taken for."""
    mean: Array
    """(D,), the mean feature of the split."""
    head: tuple[Array, Array]

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
    cache: FeatureCache, class_index: int, *, rows: Array | None = None, mistake: int | None = None
) -> Evidence:
    """Collect the evidence against neurons for a class.

    Args:
        cache: The feature cache of the split.
        class_index: k.
        rows: Look at these rows of the split only (the half used for choosing).
        mistake: Look at this one mistake only, by row.

    Raises:
        RequestError: The class has no mistakes there.
    """
    wrong = np.asarray(cache.array("mistake_rows"))
    places = np.flatnonzero(cache.labels[wrong] == class_index)
    mine = np.flatnonzero((cache.labels == class_index) & (cache.predicted == class_index))
    mean = cache.array("mean")
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
    )


def _per_mistake(evidence: Evidence, by: By) -> tuple[Array, Array]:
    """Return (m, D) scores for the insufficient and the excessive list."""
    if by == "contrast":
        return evidence.insufficient, evidence.excessive
    if by == "contribution":
        return -evidence.contribution, evidence.contribution
    scores = np.zeros((2, len(evidence.up), evidence.width))
    for score, named in zip(scores, (evidence.up, evidence.down), strict=True):
        mistake, column = np.nonzero(named >= 0)
        score[mistake, named[mistake, column]] = 1
    return scores[0], scores[1]


def order(evidence: Evidence, by: By) -> Array:
    """Return the neurons of both lists in one order, strongest blame first.

    By contrast a neuron counts with the larger of its two contrasts; by contribution with its
    push towards the wrong class; by votes only neurons that have one take part.
    """
    insufficient, excessive = _per_mistake(evidence, by)
    if by == "contribution":
        return np.argsort(-excessive.mean(axis=0), kind="stable")
    strength = np.maximum(insufficient.mean(axis=0), excessive.mean(axis=0))
    ranked = np.argsort(-strength, kind="stable")
    return ranked[strength[ranked] > LEAST_VOTE / 100] if by == "votes" else ranked


def stability(per_mistake: Array, seed: int) -> Array:
    """Return (D,): the share of 1,000 resamples of the mistakes with the neuron in the top 10."""
    m, width = per_mistake.shape
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(m, np.full(m, 1 / m), size=RESAMPLES)
    hits = np.zeros(width)
    for part in np.array_split(counts, 10):  # bounds the memory: (100, D) scores at once
        scores = part.astype(np.float32) @ per_mistake.astype(np.float32)
        kept = min(STABLE_TOP, width)
        best = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
        hits += np.bincount(best.ravel(), minlength=width)
    return hits / RESAMPLES


def rank(
    cache: FeatureCache, evidence: Evidence, *, by: By = "contrast", top: int = 20, seed: int = 0
) -> Neurons:
    """Rank the neurons of both lists; `top` bounds each (votes list all published ones)."""
    ups, downs = _per_mistake(evidence, by)
    lists = [_listed(evidence, scores, side, by, top) for side, scores in enumerate((ups, downs))]
    both = set(lists[0]) & set(lists[1])
    stable = [stability(ups, seed), stability(downs, seed)]
    records = [
        tuple(_record(evidence, j, side, stable[side], j in both) for j in lists[side])
        for side in (0, 1)
    ]
    k = evidence.class_index
    return Neurons(
        class_=Label(k, cache.classes[k]),
        by=by,
        mistakes=len(evidence.up),
        flipped=int(evidence.flipped.sum()),
        median_steps=float(np.median(evidence.steps)),
        votes_informative=evidence.votes_informative,
        note=_note(evidence, by),
        insufficient=records[0],
        excessive=records[1],
    )


def _listed(evidence: Evidence, scores: Array, side: int, by: By, top: int) -> list[int]:
    mean = scores.mean(axis=0)
    ranked = np.argsort(-mean, kind="stable")
    if by == "votes":
        percent = evidence.votes[side]
        return [int(j) for j in ranked if percent[j] > LEAST_VOTE]
    return [int(j) for j in ranked[:top] if mean[j] > 0]


def _record(evidence: Evidence, j: int, side: int, stable: Array, ambiguous: bool) -> RankedNeuron:
    vote = float(evidence.votes[side][j])
    weight = evidence.head[0]
    return RankedNeuron(
        neuron=j,
        vote=vote if vote > LEAST_VOTE else None,
        contrast=float((evidence.insufficient, evidence.excessive)[side][:, j].mean()),
        contribution=float(evidence.contribution[:, j].mean()),
        importance=float(evidence.importance[j]),
        stability=float(stable[j]),
        ambiguous=ambiguous,
        used_by=int((weight[:, j] > weight[evidence.class_index, j]).sum()),
    )


def _note(evidence: Evidence, by: By) -> str:
    if not evidence.votes_informative:
        why = (
            "with two classes every mistake votes for the same neurons whatever the image"
            if len(evidence.head[0]) <= 2
            else "all these mistakes vote for the same neurons"
        )
        return f"Votes carry no information here: {why}; contrast and contribution do."
    if by == "votes" and len(evidence.up) < 10:
        return f"{len(evidence.up)} mistakes only: look at stability before trusting a vote."
    return ""
