"""Random transforms, each from its own seed: for drawings and for augmented views."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.augmentation import DEGREES, SHIFT

SCALE = (0.6, 1.2)
NOISE = 0.2


def jitter(images: Tensor, generators: Sequence[torch.Generator], remaining: float) -> Tensor:
    """Turn, shift, stretch and tint pictures (B, 3, H, W), each by its own generator.

    Source: docs/concepts.md, CLIP-Illusion.

    Rotation within 15 degrees, shift within 15%, each side resized to 0.6 to 1.2 and cropped back
    about the centre (one warp, black outside), then an offset a channel, N(0, 0.2 * remaining).

    Args:
        images: Pixels in 0 to 1.
        generators: One an image, on the CPU, so that a picture is the same on every device.
        remaining: The share of steps still to go, 0 to 1.
    """
    drawn = [
        (torch.rand(5, generator=generator), torch.randn(3, generator=generator))
        for generator in generators
    ]
    uniform = torch.stack([some for some, _ in drawn])  # (B, 5)
    offset = torch.stack([some for _, some in drawn]) * NOISE * remaining
    angle = (2 * uniform[:, 0] - 1) * math.radians(DEGREES)
    shift = (2 * uniform[:, 1:3] - 1) * 2 * SHIFT  # the picture spans -1 to 1
    size = SCALE[0] + (SCALE[1] - SCALE[0]) * uniform[:, 3:5]
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)
    matrix = turn / size[:, None, :]  # undo the resize, then the rotation
    theta = torch.cat([matrix, -(turn @ shift[:, :, None])], dim=2).to(images)  # (B, 2, 3)
    # a CPU's own gradient is the same every time, and faster
    warped = (warp if images.device.type == "cpu" else Warp.apply)(images, theta)
    return warped + offset.to(images)[:, :, None, None]


def warp(images: Tensor, theta: Tensor) -> Tensor:
    """Sample pictures (B, 3, H, W) where an affine map (B, 2, 3) says, black outside."""
    grid = nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


class Warp(torch.autograd.Function):
    """An affine warp whose gradient has the same bits every time.

    `grid_sample` on an accelerator adds up its gradient in whatever order threads come; here each
    input pixel collects its own from the output pixels around where it went.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, theta: Tensor) -> Tensor:  # noqa: D102
        ctx.save_for_backward(theta)
        return warp(images, theta)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: D102
        return unwarp(gradients[0], ctx.saved_tensors[0]), None


def unwarp(gradient: Tensor, theta: Tensor) -> Tensor:
    """Return the gradient (B, C, H, W) of a warp's input, given that of its output.

    Args:
        gradient: Of the output.
        theta: (B, 2, 3), as for `affine_grid`: turns within 15 degrees and sizes up to 1.2, so
            that whatever reads an input pixel lies within 4 x 4 output pixels.
    """
    sides = torch.tensor(gradient.shape[:1:-1], device=gradient.device)  # W, H
    matrix, shift = theta[:, None, None, :, :2], theta[:, None, None, :, 2]
    plain = torch.eye(2, 3, device=theta.device, dtype=theta.dtype)[None]
    here = nn.functional.affine_grid(plain, [1, 1, *gradient.shape[2:]], align_corners=False)
    went = ((here - shift)[..., None, :] * torch.linalg.inv_ex(matrix)[0]).sum(
        dim=-1
    )  # (B, H, W, 2)
    corner = (((went + 1) * sides - 1) / 2).floor().long() - 1
    flat, total = gradient.flatten(2), torch.zeros_like(gradient).flatten(2)
    near = torch.arange(4, device=gradient.device)
    for step in torch.cartesian_prod(near, near):
        place = corner + step
        there = (2 * place + 1) / sides - 1
        read = (there[..., None, :] * matrix).sum(dim=-1) + shift
        share = (1 - ((read - here) * sides / 2).abs()).clamp(min=0).prod(dim=-1)
        share = share * ((place >= 0) & (place < sides)).all(dim=-1)
        x, y = place.clamp(min=0).minimum(sides - 1).unbind(dim=-1)
        rows = (y * sides[0] + x).flatten(1)[:, None].expand(-1, flat.shape[1], -1)
        total += flat.gather(2, rows) * share.flatten(1)[:, None]
    return total.view_as(gradient)
