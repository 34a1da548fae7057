"""Mistakes -> ranked neurons, by any of the rankings. No torch."""

import numpy as np

from engine.attribution.evidence import LEAST_VOTE, Evidence
from engine.attribution.rankings import DEFAULT, RANKINGS
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Label, Neurons, RankedNeuron

RESAMPLES = 1000
STABLE_TOP = 10


def order(evidence: Evidence, by: str) -> Array:
    """Return the neurons of both lists in one order, most to blame first.

    Raises:
        RequestError: There is no such ranking.
    """
    return RANKINGS.get(by).order(evidence)


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
    cache: FeatureCache, evidence: Evidence, *, by: str = DEFAULT, top: int = 20, seed: int = 0
) -> Neurons:
    """Rank the neurons of both lists; `top` bounds each (votes list all published ones).

    Args:
        cache: Of the split.
        evidence: Of the class's mistakes.
        by: A ranking's name.
        top: Neurons a list.
        seed: Of the bootstrap behind `stability`.

    Raises:
        RequestError: There is no such ranking.
    """
    ranking = RANKINGS.get(by)
    sides = ranking.scores(evidence)
    lists = [ranking.listed(scores, top) for scores in sides]
    both = set(lists[0]) & set(lists[1])
    records = []
    for side, scores in enumerate(sides):
        mean = scores.mean(axis=0)
        stable = stability(scores, seed) if ranking.resampled else None
        numbers = [
            (float(mean[j]), None if stable is None else float(stable[j])) for j in lists[side]
        ]
        records.append(
            tuple(
                _record(evidence, j, side, pair, ambiguous=j in both)
                for j, pair in zip(lists[side], numbers, strict=True)
            )
        )
    k = evidence.class_index
    return Neurons(
        class_=Label(k, cache.classes[k]),
        by=by,
        mistakes=len(evidence.up),
        flipped=int(evidence.flipped.sum()),
        median_steps=float(np.median(evidence.steps)),
        votes_informative=evidence.votes_informative,
        note=" ".join(filter(None, (ranking.note(evidence), _on_votes(evidence)))),
        insufficient=records[0],
        excessive=records[1],
    )


def _record(
    evidence: Evidence, j: int, side: int, numbers: tuple[float, float | None], *, ambiguous: bool
) -> RankedNeuron:
    vote = float(evidence.votes[side][j])
    weight = evidence.head[0]
    return RankedNeuron(
        neuron=j,
        score=numbers[0],
        vote=vote if vote > LEAST_VOTE else None,
        contrast=float((evidence.insufficient, evidence.excessive)[side][:, j].mean()),
        contribution=float(evidence.contribution[:, j].mean()),
        importance=float(evidence.importance[j]),
        stability=numbers[1],
        ambiguous=ambiguous,
        used_by=int((weight[:, j] > weight[evidence.class_index, j]).sum()),
        core_sensitivity=evidence.core_sensitivity.get(j),
    )


def _on_votes(evidence: Evidence) -> str:
    if evidence.votes_informative:
        return ""
    why = (
        "with two classes every mistake votes for the same neurons, whatever the image"
        if len(evidence.head[0]) <= 2
        else "all these mistakes vote for the same neurons"
    )
    return f"Votes carry no information here: {why}; contrast and contribution do."
