"""Where in a picture a neuron looks: its heat map, and the map laid over the picture."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from engine.models.classifier import Classifier
from engine.schema.arrays import Array

DIM = 0.35  # brightness where the neuron sees nothing
THRESHOLD = 0.5  # sigmas; docs/concepts.md: CLIP-Illusion takes 0.25 to 0.5


def heat_map(classifier: Classifier, images: Tensor, neurons: Tensor) -> Tensor:
    """Return (B, h, w): where neuron `neurons[b]` (B,) fires in normalised `images[b]`.

    Gradient of the feature times the feature map: with global average pooling that is channel j
    itself, and with a head between map and feature (mobilenetv3, vgg) its nearest equal. A class
    token attends to no place of the last block, so a ViT pooled by it shows channel j of the
    patch tokens of the block before last (docs/concepts.md: CLIP-Illusion).
    """
    body = classifier.body
    prefix = getattr(body, "num_prefix_tokens", 0)
    if prefix and getattr(body, "global_pool", "") == "token":
        with torch.no_grad():
            taken = body.forward_intermediates(  # type: ignore[operator]
                images, indices=[-2], output_fmt="NCHW", intermediates_only=True
            )[0]
        return taken[torch.arange(len(images)), neurons]
    with torch.no_grad():
        feature_map = classifier.feature_map(images)
    feature_map = feature_map.detach().requires_grad_()
    activation = classifier.pool(feature_map).gather(1, neurons[:, None]).sum()
    heat = (torch.autograd.grad(activation, feature_map)[0] * feature_map).detach()
    if heat.ndim == 3:  # (B, tokens, D)
        heat = heat[:, prefix:].sum(dim=2)
        side = int(heat.shape[1] ** 0.5)
        return heat[:, : side * side].unflatten(1, (side, side))
    last = heat.shape[-1] == getattr(body, "num_features", -1) and heat.shape[1] == heat.shape[2]
    return heat.sum(dim=3 if last else 1)  # swin keeps channels last


def standardised(heat: Tensor, size: int) -> Tensor:
    """Upsample (B, h, w) to (B, size, size) and standardise each map."""
    large = F.interpolate(heat[:, None].float(), (size, size), mode="bilinear")[:, 0]
    mean, std = large.mean(dim=(1, 2), keepdim=True), large.std(dim=(1, 2), keepdim=True)
    return (large - mean) / (std + 1e-8)


def mask(heat: Tensor, size: int) -> Tensor:
    """Return (B, size, size) in 0 to 1: 1 where the map exceeds 0.5 sigma, less below."""
    z = standardised(heat, size)
    least = z.amin(dim=(1, 2), keepdim=True)
    return torch.where(z > THRESHOLD, 1.0, 0.5 * (z - least) / (THRESHOLD - least + 1e-8))


def to_pixels(image: Tensor) -> Image.Image:
    """Turn (3, H, W) in 0 to 1 into a picture."""
    levels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    return Image.fromarray(levels.cpu().numpy())


def overlay(image: Image.Image, brightness: Array) -> Image.Image:
    """Dim a picture where `brightness` (h, w), 0 to 1, is low."""
    resized = Image.fromarray((brightness * 255).astype(np.uint8)).resize(image.size)
    factor = DIM + (1 - DIM) * np.asarray(resized, dtype=np.float32)[..., None] / 255
    return Image.fromarray((np.asarray(image, dtype=np.float32) * factor).astype(np.uint8))
