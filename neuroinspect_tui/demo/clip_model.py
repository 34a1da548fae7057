"""A small open_clip model, trained on captions of generated scenes, to guide the drawings."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.io.atomic import write_beside
from engine.models.clip import TEMPLATES, ClipModel
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


def phrases(scene: Scene) -> tuple[str, ...]:
    """Return what a person may say of a scene."""
    bird, place, species = BIRDS[scene.bird], PLACES[scene.place], scene.species.name
    return (
        bird, species, f"{bird} on {place}", f"{species} on {place}", f"{bird} at the {scene.kind}",
        place, scene.kind,
    )  # fmt: skip


def to_tensor(scenes: Sequence[Scene]) -> Tensor:
    """Render scenes as (n, 3, SIZE, SIZE) uint8."""
    arrays = np.stack([np.asarray(render(scene)) for scene in scenes])
    return torch.from_numpy(arrays).permute(0, 3, 1, 2).contiguous()


def train_clip(
    directory: Path, trunk: dict[str, Tensor], scenes: Sequence[Scene], seed: int
) -> Iterator[tuple[int, int]]:
    """Train on scenes of balanced groups and write open_clip's `local-dir:` form.

    The image tower is a backbone trained on species and places, kept as it is: its features are
    computed once, and only its projection and the text tower learn.

    Args:
        directory: Where to write.
        trunk: The backbone's state dict; a head in it is left out.
        scenes: What to caption.
        seed: Settles words, batches and initial weights.

    Yields (steps done, steps in all).
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng((4, seed))
    model = open_clip.CLIP(**CONFIG).eval()
    visual: Any = model.visual
    names = visual.trunk.state_dict().keys()
    visual.trunk.load_state_dict({key: trunk[key] for key in names})
    visual.trunk.requires_grad_(False)
    with torch.no_grad():
        parts = torch.split(to_tensor(scenes), 256)
        features = torch.cat([visual.trunk((some.float() / 255 - 0.5) / 0.5) for some in parts])
    learning = [weights for weights in model.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=LR, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    tokenizer = open_clip.SimpleTokenizer(context_length=24)
    for step in range(STEPS):
        rows = rng.integers(0, len(scenes), BATCH)
        said = [str(rng.choice(phrases(scenes[row]))) for row in rows]
        tokens = tokenizer([str(rng.choice(TEMPLATES)).format(words) for words in said])
        image = nn.functional.normalize(visual.head(features[rows]), dim=1)
        text = model.encode_text(tokens, normalize=True)
        loss = _contrast(model.logit_scale.exp() * image @ text.T, said)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        yield step + 1, STEPS
    _write(directory, model)


def _contrast(logits: Tensor, said: list[str]) -> Tensor:
    """The contrastive loss, where pictures of the same words are all right answers."""
    words = np.array(said)
    same = torch.from_numpy((words[:, None] == words[None]).astype(np.float32))
    target = same / same.sum(dim=1, keepdim=True)
    cross = nn.functional.cross_entropy
    return (cross(logits, target) + cross(logits.T, target)) / 2


def _write(directory: Path, model: nn.Module) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().contiguous() for key, value in model.eval().state_dict().items()}
    write_beside(directory / "open_clip_model.safetensors", lambda path: save_file(state, path))
    whole = {"model_cfg": CONFIG, "preprocess_cfg": {"mean": MEAN, "std": STD}}
    write_beside(
        directory / "open_clip_config.json",  # last: it says that the folder is whole
        lambda path: _write_text(path, json.dumps(whole, indent=1)),
    )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@torch.inference_mode()
def zero_shot(clip_model: ClipModel, scenes: Sequence[Scene]) -> tuple[float, float]:
    """Return how often CLIP names the bird and the place of unseen scenes rightly, 0 to 1."""
    images = to_tensor(scenes).float() / 255
    found = []
    for names, truth in (
        (BIRDS, [scene.bird for scene in scenes]),
        (PLACES, [scene.place for scene in scenes]),
    ):
        scores = torch.stack([clip_model.cosine(images, text) for text in clip_model.embed(names)])
        found.append(float((scores.argmax(dim=0) == torch.tensor(truth)).float().mean()))
    return found[0], found[1]
