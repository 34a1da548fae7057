"""Votes: how many mistakes' counterfactuals name a neuron, as published.

Source: paper section 3.1; docs/concepts.md, rankings.
"""

import numpy as np

from engine.attribution.evidence import LEAST_VOTE, Evidence
from engine.attribution.rankings.base import Ranking, Scores
from engine.schema.arrays import Array

FEW = 10


class Votes(Ranking):
    """The share of mistakes that name a neuron among their five most raised, or most lowered."""

    title = "vote"
    help = "how many mistakes' counterfactuals name a neuron (as published)"
    format = "{:.0%}"

    def scores(self, evidence: Evidence) -> Scores:
        """Return (m, D) of 0 and 1: whether a mistake names a neuron."""
        scores = np.zeros((2, len(evidence.up), evidence.width))
        for score, named in zip(scores, (evidence.up, evidence.down), strict=True):
            mistake, column = np.nonzero(named >= 0)
            score[mistake, named[mistake, column]] = 1
        return scores[0], scores[1]

    def order(self, evidence: Evidence) -> Array:
        """Return only neurons with a vote above 3%."""
        strength = self.strength(evidence)
        ranked = np.argsort(-strength, kind="stable")
        return ranked[strength[ranked] > LEAST_VOTE / 100]

    def listed(self, scores: Array, top: int) -> list[int]:
        """Return every neuron with a vote above 3%, however many `top` asks for."""
        del top
        percent = scores.sum(axis=0) * 100.0 / max(len(scores), 1)
        ranked = np.argsort(-scores.mean(axis=0), kind="stable")
        return [int(j) for j in ranked if percent[j] > LEAST_VOTE]

    def note(self, evidence: Evidence) -> str:
        """Warn of few mistakes: 60% of 5 is not 60% of 200."""
        if len(evidence.up) >= FEW:
            return ""
        return f"Only {len(evidence.up)} mistakes: look at stability before trusting a vote."


KIND = Votes()
