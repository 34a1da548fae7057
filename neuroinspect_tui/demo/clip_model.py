"""A small open_clip model, trained on captions of generated scenes; it guides the drawings."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.io.atomic import write_beside
from engine.models.clip import ClipModel
from engine.models.templates import TEMPLATES
from neuroinspect_tui.demo.scenes import BIRDS, PLACES, SIZE, Scene, render

CONFIG: dict[str, Any] = {
    "embed_dim": 64,
    "vision_cfg": {
        "timm_model_name": "test_byobnet", "timm_model_pretrained": False, "timm_pool": "",
        "timm_proj": "linear", "image_size": SIZE,
    },
    "text_cfg": {
        "context_length": 24, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2,
    },
}  # fmt: skip
MEAN = STD = (0.5, 0.5, 0.5)
STEPS = 400
BATCH = 128
LR = 2e-3


def captions(scene: Scene) -> tuple[str, ...]:
    """Return texts that describe a scene."""
    bird, place, species = BIRDS[scene.bird], PLACES[scene.place], scene.species.name
    return (
        bird, species, f"{bird} on {place}", f"{species} on {place}", f"{bird} at the {scene.kind}",
        place, scene.kind,
    )  # fmt: skip


def pictures_of(images: Iterable[Image.Image]) -> Tensor:
    """Return images of the same size as (n, 3, SIZE, SIZE) uint8."""
    arrays = np.stack([np.asarray(image) for image in images])
    return torch.from_numpy(arrays).permute(0, 3, 1, 2).contiguous()


def train_clip(
    directory: Path,
    trunk: dict[str, Tensor],
    pictures: Tensor,
    texts_of: Sequence[tuple[str, ...]],
    seed: int,
    steps: int | None = None,
) -> Iterator[tuple[int, int]]:
    """Train on captioned pictures and write a folder that open_clip reads as `local-dir:`.

    The image encoder is a frozen backbone trained on what the captions name: its features are
    computed once, and only its projection and the text encoder are trained.

    Args:
        directory: Where to write.
        trunk: The backbone's state dict; its head is ignored.
        pictures: (n, 3, SIZE, SIZE) uint8, the training images.
        texts_of: Texts that describe each picture, one of which is drawn for every batch.
        seed: Determines captions, batches and initial weights.
        steps: How many; None: as many as the demo takes.

    Yields (steps done, total steps).
    """
    steps = STEPS if steps is None else steps
    torch.manual_seed(seed)
    rng = np.random.default_rng((4, seed))
    model = open_clip.CLIP(**CONFIG).eval()
    visual: Any = model.visual
    names = visual.trunk.state_dict().keys()
    visual.trunk.load_state_dict({key: trunk[key] for key in names})
    visual.trunk.requires_grad_(False)
    with torch.no_grad():
        parts = torch.split(pictures, 256)
        features = torch.cat([visual.trunk((part.float() / 255 - 0.5) / 0.5) for part in parts])
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LR, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    tokenizer = open_clip.SimpleTokenizer(context_length=24)
    for step in range(steps):
        rows = rng.integers(0, len(pictures), BATCH)
        texts = [str(rng.choice(texts_of[row])) for row in rows]
        tokens = tokenizer([str(rng.choice(TEMPLATES)).format(text) for text in texts])
        images = nn.functional.normalize(visual.head(features[rows]), dim=1)
        embedded = model.encode_text(tokens, normalize=True)
        loss = _contrastive_loss(model.logit_scale.exp() * images @ embedded.T, texts)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        yield step + 1, steps
    _write(directory, model)


def _contrastive_loss(logits: Tensor, texts: list[str]) -> Tensor:
    """Return CLIP's loss for logits (B, B); all pictures with the same text count as correct."""
    rows = np.array(texts)
    same = torch.from_numpy((rows[:, None] == rows[None]).astype(np.float32))
    target = same / same.sum(dim=1, keepdim=True)
    cross = nn.functional.cross_entropy
    return (cross(logits, target) + cross(logits.T, target)) / 2


def _write(directory: Path, model: nn.Module) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().contiguous() for key, value in model.eval().state_dict().items()}
    write_beside(directory / "open_clip_model.safetensors", lambda path: save_file(state, path))
    whole = {"model_cfg": CONFIG, "preprocess_cfg": {"mean": MEAN, "std": STD}}
    write_beside(
        directory / "open_clip_config.json",  # last: it marks the folder as finished
        lambda path: _write_text(path, json.dumps(whole, indent=1)),
    )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def zero_shot(clip_model: ClipModel, scenes: Sequence[Scene]) -> tuple[float, float]:
    """Return CLIP's zero-shot accuracies, 0 to 1, on the birds and on the places of scenes."""
    pictures = pictures_of(map(render, scenes))
    return (
        told_apart(clip_model, pictures, BIRDS, [scene.bird for scene in scenes]),
        told_apart(clip_model, pictures, PLACES, [scene.place for scene in scenes]),
    )


@torch.inference_mode()
def told_apart(
    clip_model: ClipModel, pictures: Tensor, names: Sequence[str], truth: Sequence[int]
) -> float:
    """Return the share of pictures (n, 3, SIZE, SIZE) uint8 that CLIP gives their own name."""
    images = (pictures.float() / 255).to(clip_model.device)
    scores = torch.stack([clip_model.cosine(images, text) for text in clip_model.embed(names)])
    return float((scores.argmax(dim=0).cpu() == torch.tensor(truth)).float().mean())
