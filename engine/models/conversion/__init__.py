"""Names of other libraries, brought to timm's."""

from collections.abc import Iterable

from torch import Tensor, nn


def conversions(
    state: dict[str, Tensor], model: nn.Module
) -> Iterable[tuple[str, dict[str, Tensor]]]:
    """Return (description, converted state) where `state` may be of another library's model."""
    del state, model
    return ()
