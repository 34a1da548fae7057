"""An optimizer's state as tensors by name, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimizer's own, such as Adam's moments; not copied."""
    return {
        f"optimizer/{index}/{name}": torch.as_tensor(value)
        for index, some in optimizer.state_dict()["state"].items()
        for name, value in some.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put `optimizer_tensors` back."""
    whole = optimizer.state_dict()
    whole["state"] = {}
    for key, value in tensors.items():
        kind, _, rest = key.partition("/")
        if kind == "optimizer":
            index, _, name = rest.partition("/")
            whole["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(whole)
