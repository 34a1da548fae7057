"""What a ranking of neurons says of itself, and what it does unless it says otherwise."""

from typing import Protocol

import numpy as np

from engine.attribution.evidence import Evidence
from engine.schema.arrays import Array

Scores = tuple[Array, Array]


class Ranking(Protocol):
    """A way of ranking the neurons for a class's mistakes; subclass it for the defaults.

    Its name is that of its file, or of its entry point in `neuroinspect_tui.rankings`.
    """

    title: str
    """A column's heading, such as `contrast`."""
    help: str
    """One line: what it measures."""
    format: str = "{:.4f}"
    """How its number is written, as in `str.format`."""
    resampled: bool = True
    """Whether its scores differ from mistake to mistake, so that a bootstrap says how stable it
    is."""

    def applies(self, evidence: Evidence) -> bool:
        """Return whether there is what it needs; where not, `scores` raises a RequestError."""
        del evidence
        return True

    def scores(self, evidence: Evidence) -> Scores:
        """Return (m, D) scores for the insufficient and (m, D) for the excessive list.

        A row is a mistake's; its mean over the mistakes ranks a neuron, larger is more to blame,
        and nothing at or below 0 is listed.
        """
        ...

    def strength(self, evidence: Evidence) -> Array:
        """Return (D,), by which both lists make one order: the larger of a neuron's two scores."""
        insufficient, excessive = self.scores(evidence)
        return np.maximum(insufficient.mean(axis=0), excessive.mean(axis=0))

    def order(self, evidence: Evidence) -> Array:
        """Return the neurons of both lists in one order, most to blame first."""
        return np.argsort(-self.strength(evidence), kind="stable")

    def listed(self, scores: Array, top: int) -> list[int]:
        """Return the neurons that a list shows, given its (m, D) scores."""
        mean = scores.mean(axis=0)
        ranked = np.argsort(-mean, kind="stable")
        return [int(j) for j in ranked[:top] if mean[j] > 0]

    def note(self, evidence: Evidence) -> str:
        """Return a sentence where the ranking says little about these mistakes; else nothing."""
        del evidence
        return ""


class OneNumberRanking(Ranking, Protocol):
    """A ranking that says one number of a neuron, the same for every mistake; a subclass says it.

    A neuron is in the list of those too strong where the wrong classes' weights on it exceed the
    class's, else in that of those too weak.
    """

    format: str = "{:.3f}"
    resampled: bool = False

    def strength(self, evidence: Evidence) -> Array:
        """Return (D,), the number; nothing at or below 0 is listed.

        Raises:
            RequestError: There is not what it needs.
        """
        ...

    def scores(self, evidence: Evidence) -> Scores:
        """Return the number in one of the two lists, for every mistake."""
        strength = self.strength(evidence)
        weight, _ = evidence.head
        toward = (weight[evidence.others] - weight[evidence.class_index]).mean(axis=0)
        shape = (len(evidence.others), evidence.width)
        weak, strong = np.where(toward > 0, 0.0, strength), np.where(toward > 0, strength, 0.0)
        return np.broadcast_to(weak, shape), np.broadcast_to(strong, shape)

    def order(self, evidence: Evidence) -> Array:
        """Return only neurons whose number is above 0."""
        strength = self.strength(evidence)
        ranked = np.argsort(-strength, kind="stable")
        return ranked[strength[ranked] > 0]
