"""The last linear map of a classifier: found by what it computes, not by its name.

A classifier decides linearly where its logits are the output of one linear map, or the mean of
several (a distilled model's two heads). The map is looked for in a forward pass, so that a 1x1
convolution after pooling, a layer after dropout or a norm, or the last layer of an MLP head is
found like a plain `nn.Linear`; its inputs are the neurons.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

TOLERANCE = 1e-3
"""Relative to the logits' size: float32 through a whole network."""


@dataclass(frozen=True)
class LinearHead:
    """The linear maps whose mean output is the logits.

    Attributes:
        names: Of the modules in the state dict, one a map.
        modules: `nn.Linear`, or `nn.Conv2d` with a 1x1 kernel.
    """

    names: tuple[str, ...]
    modules: tuple[nn.Linear | nn.Conv2d, ...]

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs a map; D is their sum."""
        return tuple(_weight(module).shape[1] for module in self.modules)

    @property
    def classes(self) -> int:
        """C."""
        return int(_weight(self.modules[0]).shape[0])

    @property
    def has_bias(self) -> bool:
        """Whether any of the maps has one."""
        return any(module.bias is not None for module in self.modules)

    def weight(self) -> Tensor:
        """Return W (C, D): the maps side by side, each divided by their number."""
        return torch.cat([_weight(module) for module in self.modules], dim=1) / len(self.modules)

    def bias(self) -> Tensor:
        """Return b (C,): the mean of the maps' biases, 0 for one without."""
        zeros = _weight(self.modules[0]).new_zeros(self.classes)
        biases = [zeros if module.bias is None else module.bias.detach() for module in self.modules]
        return torch.stack(biases).mean(dim=0)

    def state(self, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
        """Return the maps' entries of a state dict for another W (C, D) and b (C,)."""
        found = {}
        parts = (weight * len(self.modules)).split(list(self.widths), dim=1)
        for name, module, part in zip(self.names, self.modules, parts, strict=True):
            found[f"{name}.weight"] = part.reshape(module.weight.shape).contiguous()
            if module.bias is not None:
                found[f"{name}.bias"] = bias * len(self.modules) / self._biased
        return found

    def merged(self) -> nn.Linear:
        """Return one layer, D inputs to C logits, that equals the maps."""
        layer = nn.Linear(sum(self.widths), self.classes).requires_grad_(False)
        layer.weight.copy_(self.weight())
        layer.bias.copy_(self.bias())
        return layer.to(_weight(self.modules[0]).device)

    @property
    def _biased(self) -> int:
        return sum(module.bias is not None for module in self.modules)

    @contextmanager
    def inputs(self) -> Iterator[list[Tensor]]:
        """Collect the maps' inputs (B, D_i) in the order of `modules` as the model runs."""
        seen: list[Tensor | None] = [None] * len(self.modules)

        def collect(place: int) -> "torch.utils.hooks.RemovableHandle":
            def hook(module: nn.Module, given: tuple[Tensor, ...]) -> None:
                del module
                seen[place] = given[0].flatten(1)

            return self.modules[place].register_forward_pre_hook(hook)

        handles = [collect(place) for place in range(len(self.modules))]
        try:
            yield seen  # type: ignore[misc]  # full once the model has run
        finally:
            for handle in handles:
                handle.remove()


def _weight(module: nn.Linear | nn.Conv2d) -> Tensor:
    return module.weight.detach().flatten(1)


@torch.no_grad()
def find_head(body: nn.Module, images: Tensor) -> LinearHead | None:
    """Return the linear maps that make the logits of `images` (B, 3, H, W); None where none do.

    The candidates' weights are replaced by random ones while it looks, and put back: heads that
    begin at zero would all seem to be the one.
    """
    names = {module: name for name, module in body.named_modules()}
    logits = body(images)
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        return None
    candidates = [m for m, output in _called(body, images) if output.shape[1] == logits.shape[1]]
    with _randomised(candidates):
        logits = body(images)
        outputs = [(m, output.flatten(1)) for m, output in _called(body, images) if m in candidates]
    for count in range(1, len(outputs) + 1):
        last = outputs[-count:]
        if close(torch.stack([output for _, output in last]).mean(dim=0), logits):
            modules = tuple(module for module, _ in last)
            return LinearHead(tuple(names[module] for module in modules), modules)
    return None


def close(left: Tensor, right: Tensor) -> bool:
    """Tell whether two logits are the same, up to the rounding of float32."""
    scale = max(1.0, float(right.abs().max()))
    difference = float((left - right).abs().max())
    return math.isfinite(difference) and difference <= TOLERANCE * scale


def _called(body: nn.Module, images: Tensor) -> list[tuple[nn.Linear | nn.Conv2d, Tensor]]:
    """Return every linear map that runs once a pass and has a row of outputs an image."""
    calls: list[tuple[nn.Linear | nn.Conv2d, Tensor]] = []

    def hook(module: nn.Module, given: object, output: object) -> None:
        del given
        if not isinstance(output, Tensor) or output.shape[0] != len(images):
            return
        if output.flatten(1).shape[1] == output.shape[1]:
            calls.append((module, output))  # type: ignore[arg-type]  # hooked below only

    handles = [
        module.register_forward_hook(hook) for module in body.modules() if _is_linear_map(module)
    ]
    try:
        body(images)
    finally:
        for handle in handles:
            handle.remove()
    counts = [module for module, _ in calls]
    return [call for call in calls if counts.count(call[0]) == 1]


def _is_linear_map(module: nn.Module) -> bool:
    if isinstance(module, nn.Conv2d):
        return module.kernel_size == (1, 1) and module.groups == 1
    return isinstance(module, nn.Linear)


@contextmanager
def _randomised(modules: Sequence[nn.Linear | nn.Conv2d]) -> Iterator[None]:
    generator = torch.Generator().manual_seed(0)
    before = [parameter.detach().clone() for module in modules for parameter in module.parameters()]
    parameters = [parameter for module in modules for parameter in module.parameters()]
    try:
        for parameter in parameters:
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data.copy_(noise / max(1, parameter[0].numel()) ** 0.5)
        yield
    finally:
        for parameter, old in zip(parameters, before, strict=True):
            parameter.data.copy_(old)
