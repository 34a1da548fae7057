"""Random transforms, each from its own seed: for drawings and for augmented views."""

import math
import random
from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as F

DEGREES = 15.0
SHIFT = 0.15
SCALE = (0.6, 1.2)
NOISE = 0.2


def augmented_view(image: Image.Image, seed: tuple[int, int, int]) -> Image.Image:
    """Rotate by up to 15 degrees, shift by up to 15%, flip half the time (METHOD 5, training)."""
    chance = random.Random("/".join(map(str, seed)))
    shift = [round(chance.uniform(-SHIFT, SHIFT) * side) for side in image.size]
    turned = F.affine(
        image,
        angle=chance.uniform(-DEGREES, DEGREES),
        translate=shift,
        scale=1.0,
        shear=[0.0, 0.0],
        interpolation=F.InterpolationMode.BILINEAR,
    )
    return F.horizontal_flip(turned) if chance.random() < 0.5 else turned


def jitter(images: Tensor, generators: Sequence[torch.Generator], remaining: float) -> Tensor:
    """Turn, shift, stretch and tint pictures (B, 3, H, W), each by its own generator (METHOD 4).

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
    grid = nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    warped = nn.functional.grid_sample(images, grid, align_corners=False)
    return warped + offset.to(images)[:, :, None, None]
