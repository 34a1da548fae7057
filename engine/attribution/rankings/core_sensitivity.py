"""Core sensitivity: neurons whose drawing shows what is not the class's own (as published).

Source: docs/concepts.md, rankings.
"""

import numpy as np

from engine.attribution.evidence import Evidence
from engine.attribution.rankings.base import Ranking, Scores
from engine.schema.arrays import Array
from engine.schema.errors import RequestError


class CoreSensitivity(Ranking):
    """1 minus the core sensitivity of the neurons that were drawn for the class.

    It is one number a neuron, not one a mistake. A neuron is in the list of those too strong where
    the wrong classes' weights on it exceed the class's, else in that of those too weak.
    """

    title = "core sens."
    help = "how little of the class is where the neuron looks in its drawing; needs drawings"
    format = "{:.3f}"
    resampled = False

    def applies(self, evidence: Evidence) -> bool:
        """Return whether any neuron was drawn."""
        return bool(evidence.core_sensitivity)

    def scores(self, evidence: Evidence) -> Scores:
        """Return the number, the same for every mistake, in one of the two lists."""
        return evidence.one_sided(self.strength(evidence))

    def strength(self, evidence: Evidence) -> Array:
        """Return (D,); at or below 0 where the neuron sees the class's own, or was not drawn.

        Raises:
            RequestError: No neuron was drawn.
        """
        if not evidence.core_sensitivity:
            raise RequestError(
                "core-sensitivity ranks neurons by their drawings, and there are none to rank "
                "here: draw some with `illusion`, then `neurons --by core-sensitivity`; what-if "
                "and edit take the neurons that it finds by --neuron."
            )
        strength = np.zeros(evidence.width)
        for neuron, sensitivity in evidence.core_sensitivity.items():
            strength[neuron] = 1 - sensitivity
        return strength

    def order(self, evidence: Evidence) -> Array:
        """Return only neurons that were drawn, and see less of the class than of others."""
        strength = self.strength(evidence)
        ranked = np.argsort(-strength, kind="stable")
        return ranked[strength[ranked] > 0]

    def note(self, evidence: Evidence) -> str:
        """Say how many neurons it knows."""
        return (
            f"Of {evidence.width} neurons, {len(evidence.core_sensitivity)} were drawn; the others "
            "have no core sensitivity."
        )


KIND = CoreSensitivity()
