"""What an objective of drawings says of itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the app lists these, and never imports torch
    from torch import Tensor


@dataclass(frozen=True)
class Terms:
    """What a batch of drawings does to the models, at some step; each picture's is its own.

    Args:
        activation: (B,), of each picture's neuron.
        real: (B,), what the images of the split that activate it most reach, their mean; above 0.
            None where the objective does not need it.
        logits: (B, C).
        class_index: The class to draw for.
        cosine: (B,), CLIP's agreement with the class's name, -1 to 1; None without CLIP.
        gamma: Weight of the class.
        epsilon: Added to the cosine.
        progress: The share of steps taken, 0 to 1.
    """

    activation: "Tensor"
    real: "Tensor | None"
    logits: "Tensor"
    class_index: int
    cosine: "Tensor | None"
    gamma: float
    epsilon: float
    progress: float


class DrawingObjective(Protocol):
    """What a drawing maximises; subclass it for the defaults.

    Its name is that of its file, or of its entry point in `neuroinspect_tui.drawing_objectives`.
    """

    title: str
    """Two or three words."""
    help: str
    """One line: how activation, class and CLIP are put together."""
    needs_real: bool = False
    """Whether it compares with what real images reach."""

    def value(self, terms: Terms) -> "Tensor":
        """Return (B,), to be maximised, for each picture by itself."""
        ...
