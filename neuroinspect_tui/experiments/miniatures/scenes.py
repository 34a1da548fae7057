"""MetaShift in miniature: five kinds of animals in nine contexts, by the published pickle.

The backbone and CLIP learn kinds and contexts from other pictures, in which every kind is in every
context: what goes wrong is the head's, as in the published protocol.
"""

import pickle
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from PIL import Image, ImageFilter

from engine.io.atomic import read_json, write_beside, write_json
from engine.schema.records import Progress
from engine.schema.requests import UNTRAINED, Source, TrainRequest
from engine.schema.source_specs import local_spec
from neuroinspect_tui.demo import birds, places
from neuroinspect_tui.demo.architecture import write_architecture
from neuroinspect_tui.demo.build import train_once
from neuroinspect_tui.demo.scenes import SIZE
from neuroinspect_tui.experiments.miniatures import animals, contexts, kit
from neuroinspect_tui.experiments.miniatures.animals import KINDS, draw_kind
from neuroinspect_tui.experiments.miniatures.contexts import CONTEXTS
from neuroinspect_tui.experiments.miniatures.kit import DONE, Kit, drawn

SUBSETS = "full-candidate-subsets.pkl"
SCENARIOS = ("dog(chair)", "dog(water)", "cat(book)", "bird(sand)", "cat(keyboard)")
LENGTH = (0.44, 0.60)
"""Bounds of an animal's length, as a share of the picture's side."""
EDGE = 5
"""Pixels across which an animal's dark outline reaches, so that its shape shows."""
HELD_OUT = 6
"""Pictures of each kind in each context on which CLIP is tested."""
CLIP_STEPS = 200


class Sizes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures, and how long the backbone trains."""

    each: int = 40
    """Pictures of each kind in each context."""
    shifted: int = 100
    """Of those sets that are a scenario's training images."""
    others: int = 40
    """Of each kind in each context, for the backbone and CLIP."""
    backbone_epochs: int = 12


@dataclass(frozen=True)
class Scene:
    """An animal in a context; `seed` settles all the rest."""

    kind: str
    context: str
    seed: int

    def render(self) -> Image.Image:
        """Render it, SIZE pixels a side."""
        rng = np.random.default_rng((81, self.seed))
        ground = CONTEXTS[self.context](rng).astype(np.float64)
        animal = draw_kind(self.kind, rng, rng.uniform(*LENGTH))
        edge = animal.getchannel("A").filter(ImageFilter.MaxFilter(EDGE))
        ground = ground * (1 - np.asarray(edge, dtype=np.float32)[..., None] / 255)
        layer = np.asarray(animal, dtype=np.float32)
        cover = layer[..., 3:] / 255
        values = ground * (1 - cover) + layer[..., :3] * cover
        image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
        return image.resize((SIZE, SIZE), Image.Resampling.BOX)

    @property
    def captions(self) -> tuple[str, ...]:
        """Texts that describe it."""
        return (
            self.kind, self.context, f"{self.kind} and {self.context}",
            f"{self.kind} with {self.context}", self.context,
        )  # fmt: skip


OF = (birds, places, animals, contexts, kit)


def make(root: Path, sizes: Sizes, seed: int, device: str) -> Generator[Any, None, Kit]:
    """Draw the set, and train the backbone and CLIP on others."""
    model = write_architecture(root)
    yield from _draw(root / "metashift", sizes, seed)
    others = _every(sizes.others, (82, seed))
    backbone = Source(
        model=model, checkpoint=UNTRAINED, data=str(root / "others"), device=device
    )  # fmt: skip
    yield from _draw_folders(root / "others", others, _every(max(2, sizes.others // 6), (83, seed)))
    request = TrainRequest(
        lr=2e-3, batch_size=64, epochs=sizes.backbone_epochs, schedule="cosine", seed=seed
    )
    trained = yield from train_once(backbone, root / "backbone", request)
    yield from _learn_clip(root, trained.checkpoint, others, seed)
    clip = local_spec(root / "clip")
    found = _reads(root, clip, device, seed)
    remark = (
        f"CLIP, trained on other pictures, names {found['context']:.0%} of contexts and "
        f"{found['kind']:.0%} of kinds in pictures it has not seen (seed {seed})."
    )
    return Kit(root / "metashift", model, trained.checkpoint, clip, remark)


def _every(count: int, seed: tuple[int, int]) -> list[Scene]:
    rng = np.random.default_rng(seed)
    pairs = [(kind, context) for kind in KINDS for context in CONTEXTS]
    return [Scene(*pair, int(rng.integers(0, 2**31 - 1))) for pair in pairs for _ in range(count)]


def _draw(root: Path, sizes: Sizes, seed: int) -> Generator[Progress, None, None]:
    """Write images/ID.jpg and the pickle, which is last: a dict of sets of ids."""
    if (root / SUBSETS).is_file():
        return
    rng = np.random.default_rng((84, seed))
    subsets: dict[str, set[str]] = {}
    pictures = []
    number = 2_300_000  # as Visual Genome's ids, of which MetaShift is made
    for kind in KINDS:
        for context in CONTEXTS:
            name = f"{kind}({context})"
            for _ in range(sizes.shifted if name in SCENARIOS else sizes.each):
                number += int(rng.integers(1, 9))
                scene = Scene(kind, context, int(rng.integers(0, 2**31 - 1)))
                subsets.setdefault(name, set()).add(str(number))
                pictures.append((f"images/{number}.jpg", scene.render))
    yield from drawn(root, pictures, "drawing scenes")
    write_beside(root / SUBSETS, lambda path: _dump(path, subsets))


def _dump(path: Path, subsets: dict[str, set[str]]) -> None:
    with path.open("wb") as file:
        pickle.dump(subsets, file)


def _draw_folders(
    root: Path, train: Sequence[Scene], valid: Sequence[Scene]
) -> Generator[Progress, None, None]:
    if (root / DONE).is_file():
        return
    pictures = [
        (f"{split}/{scene.kind}_with_{scene.context}/{number:05d}.jpg", scene.render)
        for split, scenes in (("train", train), ("valid", valid))
        for number, scene in enumerate(scenes)
    ]
    yield from drawn(root, pictures, "drawing pictures for the backbone")
    write_json(root / DONE, len(pictures))


def _learn_clip(
    root: Path, trunk: str, scenes: Sequence[Scene], seed: int
) -> Generator[Progress, None, None]:
    folder = root / "clip"
    if (folder / "open_clip_config.json").is_file():
        return
    from safetensors.torch import load_file

    from neuroinspect_tui.demo.clip_model import pictures_of, train_clip

    pictures = pictures_of(scene.render() for scene in scenes)
    captions = [scene.captions for scene in scenes]
    for done, total in train_clip(folder, load_file(trunk), pictures, captions, seed, CLIP_STEPS):
        yield Progress(stage="training CLIP", done=done, total=total, unit="steps")


def _reads(root: Path, clip: str, device: str, seed: int) -> dict[str, float]:
    """Return CLIP's zero-shot accuracies on kinds and contexts of pictures it has not seen."""
    path = root / "clip_reads.json"
    if path.is_file():
        return read_json(path, dict[str, float])
    from engine.models.classifier import pick_device
    from engine.models.clip import load_clip
    from neuroinspect_tui.demo.clip_model import pictures_of, told_apart

    model = load_clip(clip, pick_device(device))
    assert model is not None  # trained just now
    scenes = _every(HELD_OUT, (85, seed))
    pictures = pictures_of(scene.render() for scene in scenes)
    contexts_there = tuple(CONTEXTS)
    found = {
        "kind": told_apart(model, pictures, KINDS, [KINDS.index(s.kind) for s in scenes]),
        "context": told_apart(
            model, pictures, contexts_there, [contexts_there.index(s.context) for s in scenes]
        ),
    }
    write_json(path, found)
    return found
