"""An image at the size of its cells. Pure."""

from PIL import Image

BACKGROUND = "#ffffff"
"""Seen through transparent pixels."""
CELL_RATIO = 2.0
"""A cell's height by its width, where the terminal does not say."""


def fitted(
    size: tuple[int, int], cells: tuple[int, int], ratio: float = CELL_RATIO
) -> tuple[int, int]:
    """Return the cells, across and down, that an image of `size` pixels takes, kept in shape.

    Args:
        size: The image's pixels, across and down.
        cells: The most cells that it may take.
        ratio: A cell's height by its width.
    """
    scale = min(cells[0] / size[0], ratio * cells[1] / size[1])
    across, down = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    return across, min(cells[1], int(-(-down // ratio)))


def opaque(image: Image.Image) -> Image.Image:
    """Return an image as RGB, over a background where it is transparent."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    below = Image.new("RGBA", layered.size, BACKGROUND)
    return Image.alpha_composite(below, layered).convert("RGB")


def scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return an image as RGB at a size in pixels; LANCZOS, as nearest pixels would be noise."""
    return opaque(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
