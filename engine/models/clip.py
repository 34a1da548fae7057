"""CLIP, the judge of whether a drawing reads as a class (docs/concepts.md: CLIP-Illusion)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import open_clip
import torch
from torch import Tensor, nn

from engine.schema.errors import ClipError
from engine.schema.source_specs import NONE, local_directory

TEMPLATES = tuple(
    line
    for line in """\
a photo of a {}.
a photo of the {}.
a photo of one {}.
a photo of many {}.
a photo of my {}.
a photo of a nice {}.
a photo of a small {}.
a photo of a large {}.
a photo of a clean {}.
a photo of a hard to see {}.
a good photo of a {}.
a good photo of the {}.
a bad photo of a {}.
a bright photo of a {}.
a dark photo of the {}.
a black and white photo of a {}.
a blurry photo of a {}.
a low resolution photo of a {}.
a pixelated photo of the {}.
a cropped photo of a {}.
a cropped photo of the {}.
a close-up photo of a {}.
a close-up photo of the {}.
a jpeg corrupted photo of a {}.
a rendering of a {}.
a rendering of the {}.
a painting of a {}.
a drawing of a {}.
itap of a {}.
there is a {} in the scene.""".splitlines()
)


@dataclass(frozen=True)
class ClipModel:
    """An open_clip model in eval mode."""

    model: nn.Module
    tokenizer: Any
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: torch.device

    @torch.no_grad()
    def embed(self, names: Sequence[str]) -> Tensor:
        """Return (n, E): per name the mean of its normalised templates, normalised."""
        rows = []
        for name in names:
            tokens = self.tokenizer([template.format(name) for template in TEMPLATES])
            texts = self.model.encode_text(tokens.to(self.device), normalize=True)  # type: ignore[operator]
            rows.append(nn.functional.normalize(texts.mean(dim=0), dim=0))
        return torch.stack(rows)

    def cosine(self, images: Tensor, text: Tensor) -> Tensor:
        """Return (B,): the cosine of each picture (B, 3, H, W), 0 to 1, with `text` (E,)."""
        if images.shape[-1] != self.size:
            images = resized(images, self.size)
        mean = torch.tensor(self.mean, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(1, 3, 1, 1)
        seen = self.model.encode_image((images - mean) / std, normalize=True)  # type: ignore[operator]
        return seen @ text.to(seen)


def resized(images: Tensor, size: int) -> Tensor:
    """Resize square pictures, bicubic and antialiased.

    As a product of matrices: the gradient of `interpolate` on an accelerator differs each time.
    """
    side = images.shape[-1]
    plain = torch.eye(side, device=images.device, dtype=images.dtype)[None, None]
    matrix = nn.functional.interpolate(plain, (size, side), mode="bicubic", antialias=True)[0, 0]
    with torch.autocast(images.device.type, enabled=False):
        return matrix @ images @ matrix.T


def load_clip(spec: str, device: torch.device) -> ClipModel | None:
    """Load `MODEL/TAG` or `local-dir:DIR`; None for `none`.

    Raises:
        ClipError: Unknown to open_clip, or not to be had.
    """
    if spec == NONE:
        return None
    name, tag = _checked(spec)
    try:
        model, _, preprocess = open_clip.create_model_and_transforms(name, pretrained=tag)
        tokenizer = open_clip.get_tokenizer(name)
    # files, hub and configuration fail in many ways
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ClipError(
            f"CLIP {spec} cannot be loaded: {first}; without network use local-dir:DIR or none."
        ) from error
    del preprocess  # drawings are tensors already
    vision: Any = model.visual
    side = vision.image_size
    return ClipModel(
        model.eval().requires_grad_(False).to(device),
        tokenizer,
        int(side[0] if isinstance(side, (tuple, list)) else side),
        tuple(vision.image_mean or open_clip.OPENAI_DATASET_MEAN),
        tuple(vision.image_std or open_clip.OPENAI_DATASET_STD),
        device,
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
    raise ClipError(f"open_clip has no {spec!r}; give MODEL/TAG ({hint}), local-dir:DIR or none.")
