"""Fourier: a spectrum that is free, as published.

Source: docs/concepts.md, CLIP-Illusion.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.visualization.parameterizations.base import Parameterization

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.visualization.canvas import Canvas


class Fourier(Parameterization):
    """Magnitudes and phases of a picture's spectrum, its colours decorrelated."""

    title = "Fourier (as published)"
    help = "magnitudes and phases of the spectrum, of any contrast (as published)"

    def canvas(
        self,
        size: int,
        generators: "Sequence[torch.Generator]",
        device: "torch.device",
        spectrum: "Tensor | None",
    ) -> "Canvas":
        """Return pictures near grey; they need no spectrum of real images."""
        from engine.visualization.fourier_canvas import FourierCanvas

        del spectrum
        return FourierCanvas.blank(size, generators, device)


KIND = Fourier()
