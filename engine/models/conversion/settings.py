"""What a network computes and its weights do not show: epsilons, padding, activations."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

NOT_BETWEEN_LAYERS = ("gate", ".softmax")  # ends of names: parts of attention


@dataclass(frozen=True)
class Settings:
    """What another library's network has, beside its weights.

    Attributes:
        eps: Of all its norms; None: its weights come without.
        activations: Names of its activations' classes in lower case, gates of attention apart;
            None: its weights come without.
    """

    eps: float | None = None
    activations: frozenset[str] | None = None


def differences(model: nn.Module, expected: Settings) -> list[str]:
    """Return in words where a timm model computes something else with the same weights."""
    found = []
    epsilons = {
        float(module.eps)
        for module in model.modules()
        if isinstance(module, (nn.LayerNorm, nn.BatchNorm2d))
    }
    if expected.eps is not None and epsilons - {expected.eps}:
        others = " and ".join(f"{eps:g}" for eps in sorted(epsilons - {expected.eps}))
        found.append(f"its norms add {expected.eps:g} to a variance, this model's {others}")
    if any(type(module).__name__.endswith("Same") for module in model.modules()):
        found.append("it pads images alike on all sides, this model as TensorFlow does")
    activations = _activations(model)
    if expected.activations is not None and activations - expected.activations:
        theirs, ours = (", ".join(sorted(names)) for names in (expected.activations, activations))
        found.append(f"its activations are {theirs}, this model's {ours}")
    if any(map(_shifts_before_it_pads, model.modules())):
        found.append(
            "at this image size its shifted windows need a margin, which it adds before it shifts "
            "them, timm after"
        )
    return found


def _shifts_before_it_pads(module: nn.Module) -> bool:
    """Return whether a block of timm's Swin has shifted windows that do not divide the image."""
    sides = getattr(module, "input_resolution", None)
    window, shift = getattr(module, "window_size", None), getattr(module, "shift_size", None)
    if sides is None or window is None or shift is None:
        return False
    return any(shift) and any(side % step for side, step in zip(sides, window, strict=True))


def _activations(model: nn.Module) -> set[str]:
    return {
        type(module).__name__.lower()
        for name, module in model.named_modules()
        if "activation" in type(module).__module__
        if not list(module.parameters()) and not name.endswith(NOT_BETWEEN_LAYERS)
    }


def set_epsilons(model: nn.Module, eps: Mapping[str, float]) -> None:
    """Set the epsilons of the layer norms whose names match; the last pattern that does counts.

    Args:
        model: Changed in place.
        eps: By shell-style patterns of modules' names.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.LayerNorm):
            for pattern, value in eps.items():
                if fnmatch.fnmatchcase(name, pattern):
                    module.eps = value
