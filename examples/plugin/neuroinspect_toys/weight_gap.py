"""A ranking by the decision layer alone, whatever the images show."""

import numpy as np

from engine.attribution.evidence import Evidence
from engine.attribution.rankings.base import Ranking, Scores


class WeightGap(Ranking):
    """W[o] - W[k] for every mistake of class k that is predicted as o."""

    title = "weight gap"
    help = "the difference between the weights of the wrong and of the right class"
    format = "{:.3f}"

    def scores(self, evidence: Evidence) -> Scores:
        """Return (m, D) scores for the insufficient and for the excessive list."""
        weight, _ = evidence.head  # (C, D)
        gap = weight[evidence.others] - weight[evidence.class_index]  # (m, D)
        return np.maximum(-gap, 0), np.maximum(gap, 0)

    def note(self, evidence: Evidence) -> str:
        """Warn where all mistakes are predicted as one class, and so have the same scores."""
        if len(np.unique(evidence.others)) > 1:
            return ""
        return "All mistakes are predicted as one class: the gap is the same for each of them."
