"""Sizes of drawings that a classifier takes, and the sentences for those that it does not."""

import torch

from engine.models.classifier import Classifier
from engine.schema.errors import RequestError
from engine.schema.requests import IllusionRequest

MIN_SIZE = 16
"""Pixels a side."""


def out_of_memory(size: int) -> RequestError:
    """Return the error for a size of which not even one picture fits into memory."""
    return RequestError(
        f"Out of memory drawing one picture of {size} pixels a side; give a smaller --size, "
        "free memory on the device, or draw with --device cpu."
    )


def drawing_size(classifier: Classifier, request: IllusionRequest) -> int:
    """Return the pixels a side of the drawings of a request.

    Raises:
        RequestError: The classifier does not take pictures of that size, or not even one fits into
            memory.
    """
    size = request.size or classifier.input_size
    try:
        if size < MIN_SIZE:
            raise ValueError(f"the smallest size is {MIN_SIZE}")
        with torch.no_grad():
            classifier.features(torch.zeros(1, 3, size, size, device=classifier.device))
    except torch.OutOfMemoryError as error:
        raise out_of_memory(size) from error
    except (ValueError, AssertionError, RuntimeError) as error:  # a ViT's patches fit one size
        reason = (str(error).splitlines() or ["it takes one size only"])[0].rstrip(".")
        raise RequestError(
            f"Invalid --size {size} for this model ({reason}); "
            f"omit it to use the model's input size, {classifier.input_size}."
        ) from error
    return size
