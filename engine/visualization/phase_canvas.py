"""Pictures as phases: the magnitudes of their spectra are given, and so is their contrast.

Source: Fel et al., 2023 (MACO); docs/concepts.md, CLIP-Illusion.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# orthonormal: lightness, red against blue, green against both; real images' colours differ most
# along these (Ohta, Kanade and Sakai, 1980)
COLOURS = torch.nn.functional.normalize(
    torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]]), dim=1
)


@dataclass(frozen=True)
class PhaseCanvas:
    """A batch of pictures whose spectra have given magnitudes.

    Args:
        leaf: (B, 3, H, W/2 + 1), phases in units of `rate` radians; this is what is optimised.
        spectrum: (3, H, W/2 + 1), magnitudes along the three colour axes; that of frequency 0 is
            the signed mean.
        rate: Radians a unit.
        size: Pixels a side.
    """

    leaf: Tensor
    spectrum: Tensor
    rate: float
    size: int

    @classmethod
    def random(
        cls,
        size: int,
        generators: Sequence[torch.Generator],
        device: torch.device,
        spectrum: Tensor,
        rate: float,
    ) -> "PhaseCanvas":
        """Return one picture per generator, its phases drawn evenly."""
        shape = (3, size, size // 2 + 1)
        turns = torch.stack([torch.rand(shape, generator=generator) for generator in generators])
        leaf = (turns * (2 * math.pi / rate)).to(device).requires_grad_()
        return cls(leaf, spectrum.to(device, torch.float32), rate, size)

    def raw(self) -> Tensor:
        """Return the pictures (B, 3, H, W) as their spectra say; a few pixels are not in 0 to 1."""
        phases = conjugate(self.leaf * self.rate, self.size)
        spectra = torch.complex(self.spectrum * phases.cos(), self.spectrum * phases.sin())
        values = torch.fft.irfft2(spectra, s=(self.size, self.size), norm="ortho")
        return torch.einsum("bchw,cd->bdhw", values, COLOURS.to(values))

    def image(self) -> Tensor:
        """Return the pictures (B, 3, H, W), cut to 0 to 1; the gradient passes a cut pixel too."""
        raw = self.raw()
        return raw + (raw.clamp(0, 1) - raw).detach()


def conjugate(phases: Tensor, size: int) -> Tensor:
    """Return phases (..., H, W/2 + 1) of a real picture.

    Half a spectrum names some frequencies twice, in its first column and, of an even width, in its
    last: there, the second is made the negative of the first. Otherwise the inverse transform would
    average both, and their magnitudes would not be those given. What is its own negative gets 0.
    """
    doubled = size // 2 if size % 2 == 0 else 0
    inner = phases[..., 1 : doubled or None]
    columns = [_odd(phases[..., 0]), inner]
    return torch.cat([*columns, _odd(phases[..., doubled])] if doubled else columns, dim=-1)


def _odd(column: Tensor) -> Tensor:
    """Return a column (..., H, 1) that is odd in its frequency, of the first half of (..., H)."""
    height = column.shape[-1]
    first = column[..., 1 : (height + 1) // 2]
    zero = torch.zeros_like(column[..., :1])
    middle = [zero] if height % 2 == 0 else []
    return torch.cat([zero, first, *middle, -first.flip(-1)], dim=-1)[..., None]
