"""Groups: how much of what a neuron does within a class the groups explain (ours).

Source: docs/concepts.md, rankings.
"""

import numpy as np

from engine.attribution.evidence import Evidence
from engine.attribution.rankings.base import Ranking, Scores
from engine.schema.arrays import Array
from engine.schema.errors import RequestError


class Groups(Ranking):
    """The share of a neuron's variance within the class that is between its groups.

    It is one number a neuron, not one a mistake. A neuron is in the list of those too strong where
    the wrong classes' weights on it exceed the class's, else in that of those too weak.
    """

    title = "groups"
    help = "how much of its variance within the class the groups explain; needs groups"
    format = "{:.3f}"
    resampled = False

    def applies(self, evidence: Evidence) -> bool:
        """Return whether there are groups within the class."""
        return evidence.explained is not None and bool(evidence.explained.any())

    def scores(self, evidence: Evidence) -> Scores:
        """Return the share, the same for every mistake, in one of the two lists."""
        return evidence.one_sided(self.strength(evidence))

    def strength(self, evidence: Evidence) -> Array:
        """Return (D,), the share.

        Raises:
            RequestError: There are no groups.
        """
        if evidence.explained is None:
            raise RequestError(
                "--by groups needs groups, and these data have none: give --group-by found, or the "
                "name of a grouping."
            )
        return evidence.explained

    def order(self, evidence: Evidence) -> Array:
        """Return only neurons of which the groups explain something."""
        strength = self.strength(evidence)
        ranked = np.argsort(-strength, kind="stable")
        return ranked[strength[ranked] > 0]

    def note(self, evidence: Evidence) -> str:
        """Say where the groups do not divide the class."""
        if self.strength(evidence).any():
            return ""
        return "All images of the class are of one group: the groups explain nothing within it."


KIND = Groups()
