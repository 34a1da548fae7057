"""The mean magnitude spectrum of a split's images: what MACO's drawings are held to.

Source: Fel et al., 2023 (MACO); docs/concepts.md, CLIP-Illusion.
"""

from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from msgspec.structs import replace
from torch import Tensor
from torch.nn import functional as F

from engine.data.loader import loader
from engine.data.splits import Split
from engine.features.cache import FeatureCache
from engine.io.atomic import write_beside
from engine.models.classifier import Classifier
from engine.schema.errors import DataError, RequestError
from engine.schema.records import Progress
from engine.schema.requests import FeaturesRequest
from engine.visualization.phase_canvas import COLOURS
from engine.visualization.spectrum_store import spectrum_key, spectrum_path, spectrum_rows

LEAST_CONTRAST = 1e-3
"""Mean standard deviation of lightness within an image, below which there is nothing to draw."""


class SpectrumSum:
    """Sums over images, from which their mean spectrum follows; memory is that of one image.

    Args:
        size: Pixels a side.
    """

    def __init__(self, size: int) -> None:
        self.size, self.count = size, 0
        shape = (3, size, size // 2 + 1)
        self._magnitudes = torch.zeros(shape, dtype=torch.float64)
        self._energies = torch.zeros(shape, dtype=torch.float64)
        self._means = torch.zeros(3, dtype=torch.float64)

    def add(self, images: Tensor) -> None:
        """Add images (B, 3, h, w), pixels in 0 to 1, one after another."""
        for image in images.split(1):
            self._add(image.double())

    def _add(self, image: Tensor) -> None:
        if image.shape[-2:] != (self.size, self.size):
            both = (self.size, self.size)
            image = F.interpolate(image, both, mode="bicubic", antialias=True).clamp(0, 1)
        axes = torch.einsum("dhw,cd->chw", image[0], COLOURS.to(image))
        spectrum = torch.fft.rfft2(axes, norm="ortho")
        self._magnitudes += spectrum.abs()
        self._energies += spectrum.abs().square()
        self._means += spectrum[:, 0, 0].real
        self.count += 1

    def mean(self) -> Tensor:
        """Return (3, H, W/2 + 1): mean magnitudes along `COLOURS`; of frequency 0 the signed mean.

        The magnitudes of each axis are scaled so that a picture has the mean energy of the images:
        a mean of magnitudes alone is about an eighth short of their contrast.

        Raises:
            RequestError: The images are each of one colour, or there are none.
        """
        twice = torch.full((self.size // 2 + 1,), 2.0, dtype=torch.float64)
        twice[0] = 1.0  # half a spectrum has its other columns once, for two frequencies
        if self.size % 2 == 0:
            twice[-1] = 1.0
        magnitudes = self._magnitudes / max(1, self.count)
        magnitudes[:, 0, 0] = 0.0
        energies = self._energies / max(1, self.count)
        energies[:, 0, 0] = 0.0
        wanted, found = ((e * twice).sum(dim=(1, 2)) for e in (energies, magnitudes.square()))
        if float(wanted[0]) < (LEAST_CONTRAST * self.size) ** 2:
            raise RequestError(
                "MACO draws with the mean spectrum of the evaluation images, and these are each of "
                "one colour; draw with --parameterization fourier."
            )
        scale = torch.where(found > 0, wanted / found.clamp(min=1e-30), 0.0).sqrt()
        spectrum = magnitudes * scale[:, None, None]
        spectrum[:, 0, 0] = self._means / max(1, self.count)
        return spectrum.float()


def ready_spectrum(
    home: Path, cache: FeatureCache, split: Split, classifier: Classifier, size: int
) -> Generator[Progress, None, Tensor]:
    """Return a split's mean spectrum (3, H, W/2 + 1), computing it where it is not on disk.

    Images are as the classifier sees them, and at most 2,000.

    Args:
        home: The workspace.
        cache: The split's feature cache, which says which images count.
        split: Its listing.
        classifier: Whose transform is applied.
        size: Pixels a side of the drawings.

    Raises:
        DataError: None of the images can be decoded any more.
        RequestError: They are each of one colour.
        StorageError: The workspace cannot be written.
    """
    path = spectrum_path(home, spectrum_key(cache, size))
    known = _read(path, size)
    if known is not None:
        return known
    samples = tuple(cache.samples[row] for row in spectrum_rows(cache))
    total = SpectrumSum(size)
    for pixels, done in _pixels(replace(split, samples=samples), classifier):
        total.add(pixels)
        yield Progress(stage="averaging spectra", done=done, total=len(samples), unit="images")
    if not total.count:
        raise DataError(
            f"Not one image of {split.name} in {split.root} can be decoded any more; "
            "restore the files, or draw with --parameterization fourier."
        )
    spectrum = total.mean()
    write_beside(path, partial(_write, spectrum))
    return spectrum


def _pixels(split: Split, classifier: Classifier) -> Iterator[tuple[Tensor, int]]:
    """Yield images (B, 3, H, W), pixels in 0 to 1, and how many are done."""
    done = 0
    for batch in loader(classifier, split, 0, FeaturesRequest(split=split.name), 0):
        done += len(batch.rows)
        if len(batch.pixels):
            pixels = classifier.denormalise(batch.pixels.to(classifier.device))
            yield pixels.clamp(0, 1).cpu(), done


def _write(spectrum: Tensor, path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, spectrum.numpy())


def _read(path: Path, size: int) -> Tensor | None:
    """Return what is on disk; None where that is missing or damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = found.shape == (3, size, size // 2 + 1) and found.dtype == np.float32
    return torch.from_numpy(found) if whole and np.isfinite(found).all() else None
