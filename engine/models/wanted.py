"""What a model asks of a checkpoint: its weights' names and shapes, and which of them are its head.

The number of outputs is free: it is the checkpoint's to say.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

COUNTERS = ("num_batches_tracked", "n_averaged", "total_ops", "total_params")
"""Last names of tensors that count something, and no image passes through."""


@dataclass(frozen=True)
class Wanted:
    """What a model asks of a checkpoint.

    Attributes:
        weights: Of its state dict, without counters.
        counters: The others, which a checkpoint may lack.
        heads: Names of the linear maps whose outputs are the classes.
        tops: First names of its weights: its own top-level modules.
        ignored: Starts of the keys that may be there and are not asked for.
    """

    weights: dict[str, Tensor]
    counters: dict[str, Tensor]
    heads: tuple[str, ...]
    tops: frozenset[str]
    ignored: tuple[str, ...] = ()

    @property
    def head_weights(self) -> tuple[str, ...]:
        """Keys of the heads' matrices."""
        return tuple(f"{name}.weight" for name in self.heads)

    @property
    def head_biases(self) -> tuple[str, ...]:
        """Keys of the heads' biases, those there are."""
        return tuple(f"{name}.bias" for name in self.heads if f"{name}.bias" in self.weights)

    @property
    def head_keys(self) -> frozenset[str]:
        """Keys of all that a head has."""
        return frozenset(self.head_weights + self.head_biases)

    def takes(self, key: str, value: Tensor) -> bool:
        """Return whether a tensor has the shape that `key` asks for, apart from the classes."""
        shape = self.weights[key].shape
        if key in self.head_keys:
            return value.ndim > 0 and _inputs(value.shape) == _inputs(shape)
        return value.shape == shape


def wanted(body: nn.Module, *, head: bool = True) -> Wanted:
    """Return what a timm model asks of a checkpoint; without `head`, of a backbone."""
    state = body.state_dict()
    weights = {key: value for key, value in state.items() if not is_counter(key)}
    counters = {key: value for key, value in state.items() if is_counter(key)}
    tops = frozenset(key.partition(".")[0] for key in weights)
    heads = _head_names(body)
    if not head:
        inside = tuple(f"{name}." for name in heads)
        backbone = {key: value for key, value in weights.items() if not key.startswith(inside)}
        return Wanted(backbone, counters, (), tops, inside)
    return Wanted(weights, counters, heads, tops)


def is_counter(key: str) -> bool:
    """Return whether a tensor of this name only counts something."""
    return key.rpartition(".")[2] in COUNTERS


def _head_names(body: nn.Module) -> tuple[str, ...]:
    """Return the names of the classifiers' linear maps with as many outputs as there are classes.

    A classifier may be a tuple, as of distilled models, or have a norm before its map.
    """
    if not hasattr(body, "get_classifier"):
        return ()
    classifiers = body.get_classifier()  # type: ignore[operator]
    parts = classifiers if isinstance(classifiers, (tuple, list)) else (classifiers,)
    inside = {module for part in parts if isinstance(part, nn.Module) for module in part.modules()}
    outputs = getattr(body, "num_classes", None)
    return tuple(
        name
        for name, module in body.named_modules()
        if module in inside
        and isinstance(module, (nn.Linear, nn.Conv2d))
        and module.weight.shape[0] == outputs
    )


def _inputs(shape: torch.Size) -> torch.Size:
    """Return the shape behind the classes, without the 1 x 1 of a convolution."""
    behind = shape[1:]
    return behind[:-2] if behind[-2:] == (1, 1) else behind
