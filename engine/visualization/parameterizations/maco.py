"""MACO: the magnitudes are those of real images, and only phases are drawn.

Source: Fel et al., "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained
Optimization", 2023; docs/concepts.md, CLIP-Illusion.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.visualization.parameterizations.base import Parameterization

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.visualization.canvas import Canvas

RATE = 20.0
"""Radians of a unit: at the usual learning rate, a phase turns by up to 0.18 radians a step."""


class Maco(Parameterization):
    """Phases of a picture whose magnitudes, and so whose contrast, are those of real images."""

    title = "MACO"
    help = "phases alone; the magnitudes are the mean of the evaluation images' (Fel et al. 2023)"
    weight_decay = 0.0
    needs_spectrum = True
    transparent = True

    def canvas(
        self,
        size: int,
        generators: "Sequence[torch.Generator]",
        device: "torch.device",
        spectrum: "Tensor | None",
    ) -> "Canvas":
        """Return pictures of random phases."""
        from engine.visualization.phase_canvas import PhaseCanvas

        assert spectrum is not None  # it says that it needs one
        return PhaseCanvas.random(size, generators, device, spectrum, RATE)

    def transform(
        self, images: "Tensor", generators: "Sequence[torch.Generator]", remaining: float
    ) -> "Tensor":
        """Return random crops with noise, as published, of half the picture or more."""
        from engine.visualization.transforms import crop

        del remaining
        return crop(images, generators)


KIND = Maco()
