"""What a parameterization of drawings says of itself, and what it does unless it says otherwise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the app lists these, and never imports torch
    import torch
    from torch import Tensor

    from engine.visualization.canvas import Canvas


class Parameterization(Protocol):
    """What numbers a drawing is made of; subclass it for the defaults.

    Its name is that of its file, or of its entry point in `neuroinspect_tui.parameterizations`.
    """

    title: str
    """Two or three words."""
    help: str
    """One line: what is optimized."""
    weight_decay: float = 2e-4
    """Of AdamW."""
    needs_spectrum: bool = False
    """Whether it is held to the mean spectrum of the evaluation images."""
    transparent: bool = False
    """Whether the picture is transparent where no gradient arrived while it was drawn."""

    def canvas(
        self,
        size: int,
        generators: "Sequence[torch.Generator]",
        device: "torch.device",
        spectrum: "Tensor | None",
    ) -> "Canvas":
        """Return pictures to begin with, one a generator.

        Args:
            size: Pixels a side.
            generators: One a picture, on the CPU, so that a picture is the same on every device.
            device: Where to draw.
            spectrum: (3, H, W/2 + 1), see `engine.visualization.spectrum`; None where
                `needs_spectrum` is False.
        """
        ...

    def transform(
        self, images: "Tensor", generators: "Sequence[torch.Generator]", remaining: float
    ) -> "Tensor":
        """Return pictures (B, 3, H, W) as the models see them in a step: transformed at random.

        Args:
            images: (B, 3, H, W), pixels in 0 to 1.
            generators: One a picture.
            remaining: The share of steps still to take, 0 to 1.
        """
        from engine.visualization.transforms import jitter

        return jitter(images, generators, remaining)
