"""Core sensitivity: neurons whose drawing shows what is not the class's own (as published).

Source: docs/concepts.md, rankings.
"""

import numpy as np

from engine.attribution.evidence import Evidence
from engine.attribution.rankings.base import OneNumberRanking
from engine.schema.arrays import Array
from engine.schema.errors import RequestError


class CoreSensitivity(OneNumberRanking):
    """1 minus the core sensitivity of the neurons that were drawn for the class."""

    title = "core sens."
    help = "how little of the class is where the neuron looks in its drawing; needs drawings"

    def applies(self, evidence: Evidence) -> bool:
        """Return whether any neuron was drawn."""
        return bool(evidence.core_sensitivity)

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

    def note(self, evidence: Evidence) -> str:
        """Say how many neurons it knows."""
        return (
            f"Of {evidence.width} neurons, {len(evidence.core_sensitivity)} were drawn; the others "
            "have no core sensitivity."
        )


KIND = CoreSensitivity()
