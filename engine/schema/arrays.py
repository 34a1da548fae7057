"""Arrays, as the torch-free modules annotate them."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
