"""Heat maps: where in an image a neuron activates, and the map laid over the image.

Source: paper section 3.2; docs/concepts.md, CLIP-Illusion.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from engine.models.classifier import Classifier
from engine.schema.arrays import Array

DIM = 0.35
"""Brightness, 0 to 1, of an overlay where the map is lowest."""
PATCH = 16
"""Pixels a side of a patch where positions are those of the image itself."""
OPAQUE = 0.8
"""The share of a picture's pixels that is at most partly opaque: the other fifth is whole."""
THRESHOLD = 0.5
"""Standard deviations of a map above its mean; the published code takes 0.25 to 0.5."""


def heat_map(classifier: Classifier, images: Tensor, neurons: Tensor) -> Tensor:
    """Return heat maps (B, h, w), at the resolution of the feature map; unscaled.

    Gradient of the feature times the feature map: with global average pooling that is channel j
    itself; with a head between map and feature (mobilenetv3, vgg) it is the closest equivalent. A
    class token attends to no position of the last block, so a ViT pooled by it shows channel j of
    the patch tokens of the block before last (docs/concepts.md, CLIP-Illusion). Where the features
    are no map of positions, it is the gradient times the image, in patches of 16 pixels.

    Args:
        classifier: Whose neurons.
        images: (B, 3, H, W), normalised.
        neurons: (B,), the neuron of each image.
    """
    body = classifier.body
    prefix = getattr(body, "num_prefix_tokens", 0)
    if prefix and getattr(body, "global_pool", "") == "token":
        with torch.no_grad():
            tokens = body.forward_intermediates(  # type: ignore[operator]
                images, indices=[-2], output_fmt="NCHW", intermediates_only=True
            )[0]
        channels = tokens.shape[1]
        if classifier.width % channels == 0:  # two heads, of a token each, see the same channels
            return tokens[torch.arange(len(images)), neurons % channels]
    with torch.no_grad():
        feature_map = classifier.feature_map(images)
    if not _has_positions(feature_map, prefix):
        heat = _attribution(classifier.features, images, neurons).sum(dim=1, keepdim=True)
        return F.avg_pool2d(heat, PATCH)[:, 0]
    heat = _attribution(classifier.pool, feature_map, neurons)
    if heat.ndim == 3:  # (B, tokens, D)
        heat = heat[:, prefix:].sum(dim=2)
        side = math.isqrt(heat.shape[1])
        return heat.unflatten(1, (side, side))
    channels_last = (
        heat.shape[-1] == getattr(body, "num_features", -1) and heat.shape[1] == heat.shape[2]
    )
    return heat.sum(dim=3 if channels_last else 1)  # as in swin


def _has_positions(feature_map: object, prefix: int) -> bool:
    """Return whether a map is a grid, or a square of tokens; some models have a list of maps."""
    if not isinstance(feature_map, Tensor) or feature_map.ndim not in (3, 4):
        return False
    tokens = feature_map.shape[1] - prefix
    return feature_map.ndim == 4 or math.isqrt(max(0, tokens)) ** 2 == tokens


def _attribution(features: Callable[[Tensor], Tensor], given: Tensor, neurons: Tensor) -> Tensor:
    """Return the gradient of each row's neuron times what the features are made of."""
    given = given.detach().requires_grad_()
    activation = features(given).gather(1, neurons[:, None]).sum()
    return (torch.autograd.grad(activation, given)[0] * given).detach()


def standardised(heat: Tensor, size: int) -> Tensor:
    """Upsample maps (B, h, w) to (B, size, size), each to mean 0 and standard deviation 1."""
    large = F.interpolate(heat[:, None].float(), (size, size), mode="bilinear")[:, 0]
    mean, std = large.mean(dim=(1, 2), keepdim=True), large.std(dim=(1, 2), keepdim=True)
    return (large - mean) / (std + 1e-8)


def mask(heat: Tensor, size: int) -> Tensor:
    """Return masks (B, size, size) of maps (B, h, w).

    1 where a standardised map exceeds 0.5, and 0 to 0.5 below, in proportion.
    """
    z = standardised(heat, size)
    lowest = z.amin(dim=(1, 2), keepdim=True)
    return torch.where(z > THRESHOLD, 1.0, 0.5 * (z - lowest) / (THRESHOLD - lowest + 1e-8))


def opacity(importance: Tensor) -> Tensor:
    """Return how opaque each pixel (B, H, W) of pictures is, 0 to 1.

    In proportion to the gradient that it got, smoothed; the fifth that got most is opaque. A
    picture without any gradient is opaque.

    Args:
        importance: (B, H, W), the magnitude of each pixel's gradient, added up over steps.
    """
    smooth = F.avg_pool2d(importance[:, None].float(), 3, 1, 1, count_include_pad=False)[:, 0]
    flat = smooth.flatten(1)  # torch.quantile does not take as many pixels as large pictures have
    whole = flat.kthvalue(math.ceil(OPAQUE * flat.shape[1]), dim=1).values[:, None, None]
    return torch.where(whole > 0, (smooth / whole.clamp(min=1e-30)).clamp(0, 1), 1.0)


def to_pixels(image: Tensor) -> Image.Image:
    """Convert a tensor (3, H, W) in 0 to 1 into an 8-bit RGB image."""
    levels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    return Image.fromarray(levels.cpu().numpy())


def to_levels(values: Tensor) -> Image.Image:
    """Convert a tensor (H, W) in 0 to 1 into an 8-bit image of one channel."""
    return Image.fromarray((values.clamp(0, 1) * 255).round().byte().cpu().numpy())


def overlay(image: Image.Image, brightness: Array) -> Image.Image:
    """Dim an image where `brightness` (h, w), 0 to 1, is low."""
    resized = Image.fromarray((brightness * 255).astype(np.uint8)).resize(image.size)
    factor = DIM + (1 - DIM) * np.asarray(resized, dtype=np.float32)[..., None] / 255
    return Image.fromarray((np.asarray(image, dtype=np.float32) * factor).astype(np.uint8))
