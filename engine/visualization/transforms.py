"""Random transforms of drawings, each picture's from its own generator.

Source: docs/concepts.md, CLIP-Illusion.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.augmentation import DEGREES, SHIFT

SCALE = (0.6, 1.2)
"""Bounds of the resize of either side."""
TINT = 0.2
"""Standard deviation of the colour offset at the first step."""
CROP = (0.5, 1.0)
"""Bounds of a crop's side, as a share of the picture's."""
NOISE = 0.1
"""Standard deviation of the noise on a crop's pixels."""


def jitter(images: Tensor, generators: Sequence[torch.Generator], remaining: float) -> Tensor:
    """Rotate, shift, resize and tint pictures at random; return (B, 3, H, W).

    Rotation within 15 degrees, shift within 15%, each side resized to 0.6 to 1.2 and cropped back
    about the centre (one warp, black outside), then an offset a channel, N(0, 0.2 * remaining).

    Args:
        images: (B, 3, H, W), pixels in 0 to 1.
        generators: One an image, on the CPU, so that a picture is the same on every device.
        remaining: The share of steps still to take, 0 to 1.
    """
    samples = [
        (torch.rand(5, generator=generator), torch.randn(3, generator=generator))
        for generator in generators
    ]
    uniform = torch.stack([uniform for uniform, _ in samples])  # (B, 5)
    offset = torch.stack([normal for _, normal in samples]) * TINT * remaining
    angle = (2 * uniform[:, 0] - 1) * math.radians(DEGREES)
    shift = (2 * uniform[:, 1:3] - 1) * 2 * SHIFT  # coordinates span -1 to 1
    size = SCALE[0] + (SCALE[1] - SCALE[0]) * uniform[:, 3:5]
    cos, sin = angle.cos(), angle.sin()
    rotation = torch.stack([torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)
    matrix = rotation / size[:, None, :]  # undo the resize, then the rotation
    theta = torch.cat([matrix, -(rotation @ shift[:, :, None])], dim=2).to(images)  # (B, 2, 3)
    # on a CPU grid_sample's own gradient is deterministic already, and faster
    warped = (warp if images.device.type == "cpu" else Warp.apply)(images, theta)
    return warped + offset.to(images)[:, :, None, None]


def crop(images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Crop pictures at random, magnify each crop, and add noise; return (B, 3, H, W).

    A crop is a square of 0.5 to 1 of the side, anywhere inside; noise on each pixel is N(0, 0.1).

    Args:
        images: (B, 3, H, W), pixels in 0 to 1.
        generators: One an image, on the CPU, so that a picture has the same crops on every device.
    """
    uniform = torch.stack([torch.rand(3, generator=generator) for generator in generators])
    share = CROP[0] + (CROP[1] - CROP[0]) * uniform[:, :1]
    start = uniform[:, 1:] * (1 - share)  # (B, 2), of the side
    rows, columns = (
        _resampling(start[:, axis], share[:, 0], images.shape[2 + axis]).to(images)
        for axis in (0, 1)
    )
    noise = torch.stack([_normal(images[0].shape, generator, images) for generator in generators])
    return rows[:, None] @ images @ columns[:, None].transpose(2, 3) + NOISE * noise


def _resampling(start: Tensor, share: Tensor, side: int) -> Tensor:
    """Return matrices (B, side, side) that magnify parts (B,) of a line, linearly.

    Products of matrices, since the gradient of `grid_sample` on an accelerator has other bits every
    time.
    """
    places = (torch.arange(side) + 0.5) * share[:, None] + start[:, None] * side - 0.5
    distance = places.clamp(0, side - 1)[:, :, None] - torch.arange(side)
    return (1 - distance.abs()).clamp(min=0)


def _normal(shape: torch.Size, generator: torch.Generator, like: Tensor) -> Tensor:
    """Return normal noise where `like` is; on an accelerator from a generator of its own."""
    if like.device.type == "cpu":
        return torch.randn(shape, generator=generator)
    seed = int(torch.randint(2**62, (), generator=generator))
    own = torch.Generator(like.device).manual_seed(seed)
    return torch.randn(shape, generator=own, device=like.device)


def warp(images: Tensor, theta: Tensor) -> Tensor:
    """Warp pictures (B, 3, H, W) by affine maps (B, 2, 3) of their coordinates, black outside."""
    grid = nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


class Warp(torch.autograd.Function):
    """An affine warp whose gradient has the same bits every time.

    The gradient of `grid_sample` on an accelerator is summed in whatever order threads finish;
    here each input pixel gathers its own from the output pixels near its image under the warp.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, theta: Tensor) -> Tensor:  # noqa: D102
        ctx.save_for_backward(theta)
        return warp(images, theta)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: D102
        return unwarp(gradients[0], ctx.saved_tensors[0]), None


def unwarp(gradient: Tensor, theta: Tensor) -> Tensor:
    """Return the gradient of a warp's input (B, C, H, W), given that of its output.

    Args:
        gradient: (B, C, H, W), of the output.
        theta: (B, 2, 3), as for `affine_grid`: rotations within 15 degrees and resizes up to 1.2,
            so that the output pixels which sample an input pixel lie within a 4 x 4 window.
    """
    sides = torch.tensor(gradient.shape[:1:-1], device=gradient.device)  # W, H
    matrix, shift = theta[:, None, None, :, :2], theta[:, None, None, :, 2]
    identity = torch.eye(2, 3, device=theta.device, dtype=theta.dtype)[None]
    source = nn.functional.affine_grid(identity, [1, 1, *gradient.shape[2:]], align_corners=False)
    inverse = torch.linalg.inv_ex(matrix)[0]
    target = ((source - shift)[..., None, :] * inverse).sum(dim=-1)  # (B, H, W, 2)
    corner = (((target + 1) * sides - 1) / 2).floor().long() - 1
    flat, total = gradient.flatten(2), torch.zeros_like(gradient).flatten(2)
    offsets = torch.arange(4, device=gradient.device)
    for offset in torch.cartesian_prod(offsets, offsets):
        pixel = corner + offset
        coordinates = (2 * pixel + 1) / sides - 1
        sampled = (coordinates[..., None, :] * matrix).sum(dim=-1) + shift
        weight = (1 - ((sampled - source) * sides / 2).abs()).clamp(min=0).prod(dim=-1)
        weight = weight * ((pixel >= 0) & (pixel < sides)).all(dim=-1)
        x, y = pixel.clamp(min=0).minimum(sides - 1).unbind(dim=-1)
        indices = (y * sides[0] + x).flatten(1)[:, None].expand(-1, flat.shape[1], -1)
        total += flat.gather(2, indices) * weight.flatten(1)[:, None]
    return total.view_as(gradient)
