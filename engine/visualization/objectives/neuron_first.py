"""Neuron first: class and CLIP count where the neuron activates as on the strongest real images.

Ours; docs/concepts.md, CLIP-Illusion; measured in docs/evidence.md, Seeing.
"""

from typing import TYPE_CHECKING

from engine.visualization.objectives.base import DrawingObjective, Terms

if TYPE_CHECKING:
    from torch import Tensor


class NeuronFirst(DrawingObjective):
    """The activation over that of real images, and, from there on, the class and CLIP's cosine."""

    title = "neuron first"
    help = "class and CLIP count once the neuron activates as on its top images"
    needs_real = True

    def value(self, terms: Terms) -> "Tensor":
        """Return the activation's ratio, plus class and CLIP where the ratio is 1 or more."""
        assert terms.real is not None  # it says that it needs it
        ratio = terms.activation / terms.real
        others = 2 * terms.gamma * terms.logits.log_softmax(dim=1)[:, terms.class_index]
        if terms.cosine is not None:
            others = others + terms.cosine
        return ratio + (ratio.detach() >= 1) * others


KIND = NeuronFirst()
