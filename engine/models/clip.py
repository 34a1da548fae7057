"""CLIP: how well a picture fits the name of a class.

Source: docs/concepts.md, CLIP-Illusion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import open_clip
import torch
from PIL import Image
from torch import Tensor, nn

from engine.models.templates import TEMPLATES
from engine.schema.errors import ClipError
from engine.schema.source_specs import NONE, local_directory


@dataclass(frozen=True)
class ClipModel:
    """An open_clip model in eval mode.

    Args:
        model: Image and text encoder.
        tokenizer: Turns a list of texts into tokens.
        size: Pixels a side of the images it takes.
        mean: Of its training pixels, by channel.
        std: Their standard deviation.
        device: Where it runs.
        preprocess: open_clip's own evaluation transform: an image -> (3, H, H).
    """

    model: nn.Module
    tokenizer: Any
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: torch.device
    preprocess: Callable[[Image.Image], Tensor]

    def embedding_width(self) -> int:
        """Embed a blank image to return E, numbers an embedding."""
        blank = Image.new("RGB", (self.size, self.size))
        return int(self.embed_images(self.preprocess(blank)[None]).shape[1])

    def embed(self, names: Sequence[str]) -> Tensor:
        """Return (n, E): per name the normalised mean of its templates' normalised embeddings."""
        return self.embed_sentences(
            [[template.format(name) for template in TEMPLATES] for name in names]
        )

    @torch.no_grad()
    def embed_sentences(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        """Return (n, E): per list the normalised mean of its sentences' normalised embeddings."""
        rows = []
        for some in sentences:
            tokens = self.tokenizer(list(some))
            texts = self.model.encode_text(tokens.to(self.device), normalize=True)  # type: ignore[operator]
            rows.append(nn.functional.normalize(texts.mean(dim=0), dim=0))
        return torch.stack(rows)

    @torch.inference_mode()
    def embed_images(self, images: Tensor) -> Tensor:
        """Return (B, E), each of length 1, for images as `preprocess` gives them."""
        images = images.to(self.device, non_blocking=True)
        kind = self.device.type
        with torch.autocast(kind, dtype=torch.float16, enabled=kind == "cuda"):
            found = self.model.encode_image(images)  # type: ignore[operator]
        return nn.functional.normalize(found.float(), dim=1)

    def cosine(self, images: Tensor, text: Tensor) -> Tensor:
        """Return the cosine similarity (B,), -1 to 1, of each picture with one text.

        Args:
            images: (B, 3, H, H), pixels in 0 to 1.
            text: (E,), from `embed`.
        """
        if images.shape[-1] != self.size:
            images = resized(images, self.size)
        mean = torch.tensor(self.mean, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(1, 3, 1, 1)
        embedded = self.model.encode_image((images - mean) / std, normalize=True)  # type: ignore[operator]
        return embedded @ text.to(embedded)


def resized(images: Tensor, size: int) -> Tensor:
    """Resize square pictures (B, 3, H, H) to (B, 3, size, size), bicubic and antialiased.

    As a product of matrices, since the gradient of `interpolate` on an accelerator is not
    deterministic.
    """
    side = images.shape[-1]
    identity = torch.eye(side, device=images.device, dtype=images.dtype)[None, None]
    matrix = nn.functional.interpolate(identity, (size, side), mode="bicubic", antialias=True)[0, 0]
    with torch.autocast(images.device.type, enabled=False):
        return matrix @ images @ matrix.T


def load_clip(spec: str, device: torch.device) -> ClipModel | None:
    """Load `MODEL/TAG` or `local-dir:DIR`; None for `none`.

    Raises:
        ClipError: open_clip does not know it, or it cannot be downloaded or read.
    """
    if spec == NONE:
        return None
    name, tag = _checked(spec)
    try:
        model, _, preprocess = open_clip.create_model_and_transforms(name, pretrained=tag)
        tokenizer = open_clip.get_tokenizer(name)
    # files, the hub and configurations raise errors of many types
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ClipError(
            f"Cannot load CLIP {spec}: {first}; without network access use local-dir:DIR or none."
        ) from error
    vision: Any = model.visual
    side = vision.image_size
    return ClipModel(
        model.eval().requires_grad_(False).to(device),
        tokenizer,
        int(side[0] if isinstance(side, (tuple, list)) else side),
        tuple(vision.image_mean or open_clip.OPENAI_DATASET_MEAN),
        tuple(vision.image_std or open_clip.OPENAI_DATASET_STD),
        device,
        preprocess,
    )


def _checked(spec: str) -> tuple[str, str | None]:
    local = local_directory(spec)
    if local is not None:
        if not (local / "open_clip_config.json").is_file():
            raise ClipError(
                f"No open_clip_config.json in {local}; give a folder that open_clip saved."
            )
        return spec, None
    name, _, tag = spec.rpartition("/")
    if (name, tag) in open_clip.list_pretrained():
        return name, tag
    tags = open_clip.list_pretrained_tags_by_model(name or spec)
    hint = f"its tags: {', '.join(tags[:6])}" if tags else "see open_clip.list_pretrained()"
    raise ClipError(
        f"open_clip has no model {spec!r}; give MODEL/TAG ({hint}), local-dir:DIR or none."
    )
