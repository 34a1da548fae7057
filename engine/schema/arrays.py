"""The type that torch-free modules annotate arrays with."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
