"""Finished drawings on disk: a picture, its mask, and all that they depend on. No torch.

A digest of everything a picture depends on is in its file name: two requests that differ in
anything never share a file, and the same request again finds the finished picture.
"""

from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from engine.features.cache import FeatureCache
from engine.features.weights import architecture
from engine.io.atomic import file_digest, folder_digest, key_of, read_json, write_json
from engine.schema.arrays import Array
from engine.schema.errors import StorageError
from engine.schema.records import Illusion
from engine.schema.requests import (
    PUBLISHED_OBJECTIVE,
    PUBLISHED_PARAMETERIZATION,
    IllusionRequest,
    Source,
)
from engine.schema.source_specs import local_directory
from engine.visualization.objectives import OBJECTIVES
from engine.visualization.parameterizations import PARAMETERIZATIONS
from engine.visualization.spectrum_store import spectrum_key

FORMAT = 1
TOP_IMAGES = 8
"""Images that activate a neuron most, whose mean activation a drawing is compared with."""


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that the bytes of a picture depend on.

    What has a default came later: drawings made before have that, and keep their names.
    """

    format: int
    model: str
    weights: str
    """sha256 of the checkpoint."""
    class_index: int
    neuron: int
    seed: int
    steps: int
    size: int
    lr: float
    gamma: float
    epsilon: float
    clip: str | None
    """The CLIP that guides the drawing, with a digest of its files; None without CLIP."""
    text: str | None
    """The class's name, which CLIP embeds; None without CLIP."""
    device: str
    """cpu, cuda or mps; they round differently."""
    parameterization: str = PUBLISHED_PARAMETERIZATION
    objective: str = PUBLISHED_OBJECTIVE
    spectrum: str | None = None
    """The key of the mean spectrum that it is held to; None for none."""
    real: float | None = None
    """The mean activation of the top images that it is compared with; None for none."""

    @property
    def stem(self) -> str:
        """The name of the drawing's files, without the ending."""
        key = key_of(self, 8)
        return f"class{self.class_index:04d}_neuron{self.neuron:05d}_seed{self.seed}_{key}"


class FinishedDrawing(Struct, frozen=True, kw_only=True):
    """STEM.json: a finished drawing. It is written after its two pictures."""

    facts: Facts
    illusion: Illusion
    picture: str
    """sha256 of STEM.png."""
    mask: str
    """sha256 of STEM_mask.png."""


def facts_of(
    source: Source, cache: FeatureCache, request: IllusionRequest, device: str
) -> dict[int, Facts]:
    """Return by neuron everything its picture depends on.

    Args:
        source: The workspace's.
        cache: Of its evaluation split.
        request: Which class and neurons, and how to draw them.
        device: The device type, such as `cuda`.
    """
    clip = _clip_digest(source.clip) if request.use_clip and source.has_clip else None
    size = request.size or cache.meta.input_size
    held = PARAMETERIZATIONS.get(request.parameterization).needs_spectrum
    spectrum = spectrum_key(cache, size) if held else None
    compared = OBJECTIVES.get(request.objective).needs_real
    real = top_activations(cache)[list(request.neurons)].tolist() if compared else None
    return {
        neuron: Facts(
            format=FORMAT,
            model=architecture(source),
            weights=cache.meta.weights,
            class_index=request.class_index,
            neuron=neuron,
            seed=request.seed,
            steps=request.steps,
            size=size,
            lr=request.lr,
            gamma=request.gamma,
            epsilon=request.epsilon,
            clip=clip,
            text=None if clip is None else cache.classes[request.class_index],
            device=device,
            parameterization=request.parameterization,
            objective=request.objective,
            spectrum=spectrum,
            real=None if real is None else real[place],
        )
        for place, neuron in enumerate(request.neurons)
    }


def top_activations(cache: FeatureCache) -> Array:
    """Return (D,), the mean activation of the eight images that activate each neuron most."""
    return np.asarray(cache.array("strongest_values")[:, :TOP_IMAGES], np.float64).mean(axis=1)


def _clip_digest(spec: str) -> str:
    local = local_directory(spec)
    if local is not None and local.is_dir():
        return f"local {folder_digest(local)}"
    return spec


def picture_path(out: Path, stem: str) -> Path:
    """Return the path of a picture."""
    return out / f"{stem}.png"


def mask_path(out: Path, stem: str) -> Path:
    """Return the path of the picture with its mask laid over."""
    return out / f"{stem}_mask.png"


def save_drawing(out: Path, facts: Facts, illusion: Illusion) -> None:
    """Write the record that a drawing, whose two pictures are written, is finished.

    Raises:
        StorageError: The directory cannot be written.
    """
    stem = facts.stem
    drawing = FinishedDrawing(
        facts=facts,
        illusion=illusion,
        picture=file_digest(picture_path(out, stem)),
        mask=file_digest(mask_path(out, stem)),
    )
    write_json(out / f"{stem}.json", drawing)


def find_drawing(out: Path, facts: Facts) -> Illusion | None:
    """Return a finished drawing; None if it, or one of its pictures, is missing or damaged."""
    drawing = _read(out / f"{facts.stem}.json")
    return drawing.illusion if drawing is not None and drawing.facts == facts else None


def finished(out: Path, class_index: int, weights: str | None = None) -> tuple[Illusion, ...]:
    """Return the finished drawings of a class, the newest first.

    Args:
        out: The directory of drawings: illusions/ of the workspace.
        class_index: The class.
        weights: Only drawings of these weights (`cache.meta.weights`); None for all. After
            training, older drawings are of a model that no longer exists.
    """
    dated = []
    for path in out.glob(f"class{class_index:04d}_neuron*.json"):
        drawing = _read(path)
        if drawing is not None and weights in (None, drawing.facts.weights):
            dated.append((path.stat().st_mtime_ns, drawing.illusion))
    newest_first = sorted(dated, key=lambda pair: pair[0], reverse=True)
    return tuple(illusion for _, illusion in newest_first)


def core_sensitivities(out: Path, class_index: int, weights: str) -> dict[int, float]:
    """Return the core sensitivity of the neurons drawn for a class, each of its newest drawing.

    The arguments are those of `finished`.
    """
    found: dict[int, float] = {}
    for drawn in finished(out, class_index, weights):
        if drawn.core_sensitivity is not None:
            found.setdefault(drawn.neuron, drawn.core_sensitivity)
    return found


def _read(path: Path) -> FinishedDrawing | None:
    """Read STEM.json, with the pictures' present paths, as a workspace may have been moved."""
    picture, mask = picture_path(path.parent, path.stem), mask_path(path.parent, path.stem)
    try:
        drawing = read_json(path, FinishedDrawing)
        intact = (drawing.picture, drawing.mask) == (file_digest(picture), file_digest(mask))
    except (StorageError, OSError):
        return None
    if not intact:
        return None
    illusion = msgspec.structs.replace(drawing.illusion, path=str(picture), mask=str(mask))
    return msgspec.structs.replace(drawing, illusion=illusion)
