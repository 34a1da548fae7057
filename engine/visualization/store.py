"""Finished drawings on disk: a picture, its mask, and what they were drawn from. No torch.

Whatever a picture depends on is in its name, as a digest: two requests that differ in anything
never share a file, and one that differs in nothing finds the picture there already.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from engine.features.cache import FeatureCache
from engine.io.atomic import file_digest, folder_digest, key_of, read_json, write_json
from engine.schema.errors import StorageError
from engine.schema.records import Illusion
from engine.schema.requests import IllusionRequest, Source
from engine.schema.source_specs import local_directory

FORMAT = 1


class Facts(Struct, frozen=True, kw_only=True):
    """All that the bytes of a picture depend on."""

    format: int = FORMAT
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
    """The CLIP that guides, if any, with the state of its files."""
    text: str | None
    """The class's name, as CLIP reads it."""
    device: str
    """cpu, cuda or mps: they round differently."""

    @property
    def stem(self) -> str:
        """What the files are called, without their ending."""
        key = key_of(self, 8)
        return f"class{self.class_index:04d}_neuron{self.neuron:05d}_seed{self.seed}_{key}"


class Drawn(Struct, frozen=True, kw_only=True):
    """STEM.json: a finished drawing; it is written last."""

    facts: Facts
    illusion: Illusion
    picture: str
    """sha256 of STEM.png."""
    mask: str
    """sha256 of STEM_mask.png."""


def facts_of(
    source: Source, cache: FeatureCache, request: IllusionRequest, device: str
) -> dict[int, Facts]:
    """Return what each neuron's picture depends on.

    Args:
        source: The workspace's.
        cache: Of its evaluation split.
        request: What is asked.
        device: Its kind, such as `cuda`.
    """
    clip = _guide(source.clip) if request.use_clip and source.has_clip else None
    return {
        neuron: Facts(
            model=source.model,
            weights=cache.meta.weights,
            class_index=request.class_index,
            neuron=neuron,
            seed=request.seed,
            steps=request.steps,
            size=request.size or cache.meta.input_size,
            lr=request.lr,
            gamma=request.gamma,
            epsilon=request.epsilon,
            clip=clip,
            text=None if clip is None else cache.classes[request.class_index],
            device=device,
        )
        for neuron in request.neurons
    }


def _guide(spec: str) -> str:
    local = local_directory(spec)
    if local is not None and local.is_dir():
        return f"{spec} {folder_digest(local)}"
    return spec


def picture_path(out: Path, stem: str) -> Path:
    """Return where a picture lies."""
    return out / f"{stem}.png"


def mask_path(out: Path, stem: str) -> Path:
    """Return where the picture with its mask laid over lies."""
    return out / f"{stem}_mask.png"


def keep_drawn(out: Path, facts: Facts, illusion: Illusion) -> None:
    """Say that a drawing whose two pictures are written is finished.

    Raises:
        StorageError: The directory cannot be written.
    """
    stem = facts.stem
    drawn = Drawn(
        facts=facts,
        illusion=illusion,
        picture=file_digest(picture_path(out, stem)),
        mask=file_digest(mask_path(out, stem)),
    )
    write_json(out / f"{stem}.json", drawn)


def find_drawn(out: Path, facts: Facts) -> Illusion | None:
    """Return a finished drawing; None where it, or one of its pictures, is missing or damaged."""
    drawn = _read(out / f"{facts.stem}.json")
    return drawn.illusion if drawn is not None and drawn.facts == facts else None


def finished(out: Path, class_index: int, weights: str | None = None) -> tuple[Illusion, ...]:
    """Return the finished drawings of a class, the newest first.

    Args:
        out: Where pictures go: illusions/ of the workspace.
        class_index: The class.
        weights: Only drawings of these (`cache.meta.weights`): after training, older ones are of a
            model that is no more.
    """
    found = []
    for path in out.glob(f"class{class_index:04d}_neuron*.json"):
        drawn = _read(path)
        if drawn is not None and weights in (None, drawn.facts.weights):
            found.append((path.stat().st_mtime_ns, drawn.illusion))
    return tuple(illusion for _, illusion in sorted(found, key=lambda some: some[0], reverse=True))


def _read(path: Path) -> Drawn | None:
    """Read STEM.json, with the pictures' paths as they are now: a workspace may be moved."""
    picture, mask = picture_path(path.parent, path.stem), mask_path(path.parent, path.stem)
    try:
        drawn = read_json(path, Drawn)
        whole = (drawn.picture, drawn.mask) == (file_digest(picture), file_digest(mask))
    except (StorageError, OSError):
        return None
    if not whole:
        return None
    there = msgspec.structs.replace(drawn.illusion, path=str(picture), mask=str(mask))
    return msgspec.structs.replace(drawn, illusion=there)
