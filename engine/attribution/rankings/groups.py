"""Groups: how much of what a neuron does within a class the groups explain (ours).

Source: docs/concepts.md, rankings.
"""

from engine.attribution.evidence import Evidence
from engine.attribution.rankings.base import OneNumberRanking
from engine.schema.arrays import Array
from engine.schema.errors import RequestError


class Groups(OneNumberRanking):
    """The share of a neuron's variance within the class that is between its groups."""

    title = "groups"
    help = "how much of its variance within the class the groups explain; needs groups"

    def applies(self, evidence: Evidence) -> bool:
        """Return whether there are groups within the class."""
        return evidence.explained is not None and bool(evidence.explained.any())

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

    def note(self, evidence: Evidence) -> str:
        """Say where the groups do not divide the class."""
        if self.strength(evidence).any():
            return ""
        return "All images of the class are of one group: the groups explain nothing within it."


KIND = Groups()
