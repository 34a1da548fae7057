"""The canvas: a picture as a scaled Fourier spectrum with decorrelated colours.

Source: docs/concepts.md, CLIP-Illusion.

Olah, Mordvintsev and Schubert, "Feature Visualization", 2017: steps in this basis move all
frequencies and all colour directions alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

INIT = 0.001
DECAY = 1.5
SPACING = 0.5**0.5
# Lucid's square root of ImageNet's colour covariance, divided by its largest column norm
COLOUR = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
COLOUR = COLOUR / COLOUR.norm(dim=0).max()


@dataclass(frozen=True)
class Canvas:
    """`spectrum` (B, 3, H, W/2 + 1, 2) is what is optimised; `weights` (H, W/2 + 1) scales it."""

    spectrum: Tensor
    weights: Tensor
    size: int

    @classmethod
    def blank(
        cls, size: int, generators: Sequence[torch.Generator], device: torch.device
    ) -> "Canvas":
        """Start one picture per generator, near grey."""
        shape = (3, size, size // 2 + 1, 2)
        rows = [torch.randn(shape, generator=generator) * INIT for generator in generators]
        spectrum = torch.stack(rows).to(device).requires_grad_()
        high = torch.fft.fftfreq(size, d=SPACING)[:, None]
        wide = torch.fft.rfftfreq(size, d=SPACING)[None]
        frequency = (high**2 + wide**2).sqrt()
        least = torch.tensor(1 / (size * SPACING))
        return cls(spectrum, (1 / torch.maximum(frequency**DECAY, least)).to(device), size)

    def image(self) -> Tensor:
        """Paint the spectrum: (B, 3, H, W) in 0 to 1."""
        waves = torch.view_as_complex(self.spectrum) * self.weights
        values = torch.fft.irfft2(waves, s=(self.size, self.size), norm="ortho")
        mixed = torch.einsum("bchw,dc->bdhw", values, COLOUR.to(values))
        return mixed.sigmoid()
