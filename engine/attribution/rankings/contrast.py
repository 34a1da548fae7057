"""Contrast: how far mistakes differ from the class's correct images, in what decides (ours).

Source: docs/concepts.md, rankings.
"""

from engine.attribution.evidence import Evidence
from engine.attribution.rankings.base import Ranking, Scores


class Contrast(Ranking):
    """(W[o] - W[k]) times (the mistake's feature - the mean over the class's correct images)."""

    title = "contrast"
    help = "how far the mistakes differ from the class's correctly predicted images"
    format = "{:.4f}"

    def scores(self, evidence: Evidence) -> Scores:
        """Return the two directions of contrast, (m, D) each."""
        return evidence.insufficient, evidence.excessive


KIND = Contrast()
