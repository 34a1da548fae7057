"""A batch of pictures as they are drawn: numbers to optimise, and the pixels made of them."""

from typing import Protocol

from torch import Tensor


class Canvas(Protocol):
    """A batch of pictures."""

    @property
    def leaf(self) -> Tensor:
        """(B, ...), what is optimised; a leaf that requires its gradient."""
        ...

    @property
    def size(self) -> int:
        """Pixels a side."""
        ...

    def image(self) -> Tensor:
        """Return the pictures (B, 3, H, W), in 0 to 1."""
        ...
