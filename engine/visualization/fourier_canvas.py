"""Pictures as scaled Fourier spectra with decorrelated colours.

Source: docs/concepts.md, CLIP-Illusion; Olah, Mordvintsev and Schubert, "Feature Visualization",
2017: a gradient step in this basis changes all frequencies and all colour directions alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

INIT = 0.001
"""Standard deviation of the initial spectrum."""
DECAY = 1.5
"""Amplitudes fall with frequency to this power, as in natural images."""
SPACING = 0.5**0.5
"""Sample spacing of the frequencies, as in the published code."""
# Lucid's square root of ImageNet's colour covariance, divided by its largest column norm
COLOUR = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
COLOUR = COLOUR / COLOUR.norm(dim=0).max()


@dataclass(frozen=True)
class FourierCanvas:
    """A batch of pictures as spectra.

    Args:
        spectrum: (B, 3, H, W/2 + 1, 2), real and imaginary parts; this is what is optimised.
        weights: (H, W/2 + 1), scale of each frequency.
        size: Pixels a side.
    """

    spectrum: Tensor
    weights: Tensor
    size: int

    @property
    def leaf(self) -> Tensor:
        """The spectrum."""
        return self.spectrum

    @classmethod
    def blank(
        cls, size: int, generators: Sequence[torch.Generator], device: torch.device
    ) -> "FourierCanvas":
        """Return one picture per generator, near grey."""
        shape = (3, size, size // 2 + 1, 2)
        initial = [torch.randn(shape, generator=generator) * INIT for generator in generators]
        spectrum = torch.stack(initial).to(device).requires_grad_()
        vertical = torch.fft.fftfreq(size, d=SPACING)[:, None]
        horizontal = torch.fft.rfftfreq(size, d=SPACING)[None]
        frequency = (vertical**2 + horizontal**2).sqrt()
        lowest = torch.tensor(1 / (size * SPACING))
        return cls(spectrum, (1 / torch.maximum(frequency**DECAY, lowest)).to(device), size)

    def image(self) -> Tensor:
        """Return the pictures (B, 3, H, W), in 0 to 1."""
        scaled = torch.view_as_complex(self.spectrum) * self.weights
        values = torch.fft.irfft2(scaled, s=(self.size, self.size), norm="ortho")
        mixed = torch.einsum("bchw,dc->bdhw", values, COLOUR.to(values))
        return mixed.sigmoid()
