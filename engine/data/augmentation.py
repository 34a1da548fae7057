"""Augmented views of a training image, each from its own seed."""

import random

from PIL import Image
from torchvision.transforms.v2 import functional as F

DEGREES = 15.0
SHIFT = 0.15


def augmented_view(image: Image.Image, seed: tuple[int, int, int]) -> Image.Image:
    """Rotate by up to 15 degrees, shift by up to 15% and flip left to right in half the cases.

    Args:
        image: The image.
        seed: What the view follows from: equal seeds give equal views.
    """
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
