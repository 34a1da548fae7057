"""Contribution: how much a neuron adds to the wrong class's lead (ours).

Source: docs/concepts.md, rankings.
"""

from engine.attribution.evidence import Evidence
from engine.attribution.rankings.base import Ranking, Scores
from engine.schema.arrays import Array


class Contribution(Ranking):
    """(W[o] - W[k]) times the mistake's feature."""

    title = "contribution"
    help = "how much a neuron adds to the predicted class's lead over the true one"
    format = "{:+.4f}"

    def scores(self, evidence: Evidence) -> Scores:
        """Return the contribution to the true class, and to the predicted one, (m, D) each."""
        return -evidence.contribution, evidence.contribution

    def strength(self, evidence: Evidence) -> Array:
        """Return (D,), the contribution to the wrong class: one order needs one sign."""
        return evidence.contribution.mean(axis=0)


KIND = Contribution()
