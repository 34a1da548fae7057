"""Product: CLIP's cosine times activation and class, as published.

Source: paper section 3.2; docs/concepts.md, CLIP-Illusion; docs/deviations.md, 1 to 3.
"""

from typing import TYPE_CHECKING

from engine.visualization.objectives.base import DrawingObjective, Terms

if TYPE_CHECKING:
    from torch import Tensor

CLASS_RAMP = (0.2, 0.4)
"""The class's logit is blended in between these shares of the steps (ours). A neuron with a
negative weight for the class is otherwise pushed to 0 before it activates, where a ReLU has no
gradient to bring it back."""


class Product(DrawingObjective):
    """(cos + epsilon) * (activation + gamma * logit)."""

    title = "product (as published)"
    help = "CLIP's cosine times the sum of activation and class (as published)"

    def value(self, terms: Terms) -> "Tensor":
        """Return the product per image; the published code mixes every image's into every other's.

        Its gradient has both factors' magnitudes: where cosine or logit is negative (a grey start)
        the bare product grows by making BOTH more negative.
        """
        logit = terms.logits[:, terms.class_index]
        response = terms.activation + terms.gamma * class_ramp(terms.progress) * logit
        if terms.cosine is None:
            return response
        cosine = terms.cosine
        factor = (cosine + terms.epsilon).abs().clamp(min=terms.epsilon).detach()
        return factor * response + response.abs().detach() * cosine


def class_ramp(progress: float) -> float:
    """Return how much the class's logit counts, 0 to 1, at a share of the steps, 0 to 1."""
    start, end = CLASS_RAMP
    return min(1.0, max(0.0, (progress - start) / (end - start)))


KIND = Product()
