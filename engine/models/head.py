"""The last linear map of a classifier: found by what it computes, not by its name.

A classifier decides linearly where its logits are the output of one linear map, or a fixed sum of
several: the mean of a distilled model's two heads, a head a stage with a learned weight each, or a
head whose logits are scaled. The maps are looked for in a forward pass, so that a 1x1 convolution
after pooling, a layer after dropout or a norm, or the last layer of an MLP head is found like a
plain `nn.Linear`; their inputs are the neurons.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

TOLERANCE = 3e-3
"""Relative to the logits' size: float32, of which a GPU's convolutions keep 10 bits."""
NO_SHARE = 1e-4
"""A map with less than this part of the largest share has none."""

LinearMap = nn.Linear | nn.Conv2d
"""A convolution has a 1x1 kernel."""


@dataclass(frozen=True)
class LinearHead:
    """The linear maps whose outputs, each times its share, add up to the logits.

    Attributes:
        names: Of the modules in the state dict, one a map.
        modules: The maps.
        shares: 1 for one map, 1/2 each for the mean of two.
    """

    names: tuple[str, ...]
    modules: tuple[LinearMap, ...]
    shares: tuple[float, ...] = (1.0,)

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
        """Return W (C, D): the maps side by side, each times its share."""
        parts = zip(self.modules, self.shares, strict=True)
        return torch.cat([_weight(module) * share for module, share in parts], dim=1)

    def bias(self) -> Tensor:
        """Return b (C,): the sum of the maps' biases, each times its share; 0 without any."""
        total = _weight(self.modules[0]).new_zeros(self.classes)
        for module, share in zip(self.modules, self.shares, strict=True):
            if module.bias is not None:
                total = total + module.bias.detach() * share
        return total

    def state(self, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
        """Return the maps' entries of a state dict for another W (C, D) and b (C,).

        Of the biases that add up to b, those as near to 0 as can be.
        """
        found = {}
        parts = weight.split(list(self.widths), dim=1)
        for name, module, share, part in zip(
            self.names, self.modules, self.shares, parts, strict=True
        ):
            found[f"{name}.weight"] = (part / share).reshape(module.weight.shape).contiguous()
            if module.bias is not None:
                found[f"{name}.bias"] = bias * share / self._biased
        return found

    def merged(self) -> nn.Linear:
        """Return one layer, D inputs to C logits, that equals the maps."""
        layer = nn.Linear(sum(self.widths), self.classes).requires_grad_(False)
        layer.to(_weight(self.modules[0]))  # its device and dtype
        layer.weight.copy_(self.weight())
        layer.bias.copy_(self.bias())
        return layer

    @property
    def _biased(self) -> float:
        """The squares of the shares that have a bias, added up."""
        shares = zip(self.modules, self.shares, strict=True)
        return sum(share**2 for module, share in shares if module.bias is not None)

    @contextmanager
    def holding(self, weight: Tensor, bias: Tensor) -> Iterator[None]:
        """Let the model decide by another W (C, D) and b (C,) for a while."""
        state = self.state(weight, bias)
        with _put_back(self.modules):
            for name, module in zip(self.names, self.modules, strict=True):
                for key, parameter in module.named_parameters():
                    parameter.data.copy_(state[f"{name}.{key}"])
            yield

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


def _weight(module: LinearMap) -> Tensor:
    return module.weight.detach().flatten(1)


@torch.no_grad()
def find_head(body: nn.Module, images: Tensor) -> LinearHead | None:
    """Return the linear maps that make the logits (B, C) of `images` (B, 3, H, W); None: none do.

    What it finds fits these images and is still to be proved with other weights. The candidates'
    weights are replaced by random ones while it looks, and put back: heads that begin at zero would
    all seem to be the one.
    """
    names = {module: name for name, module in body.named_modules()}
    logits, calls = _called(body, images)
    candidates = [module for module, output in calls if output.shape[1] == logits.shape[1]]
    outputs, logits = _drawn(body, images, candidates, logits.numel())
    for count in range(1, len(candidates) + 1):
        shares = _shares(outputs[-count:], logits)
        if shares is not None:
            found = zip(candidates[-count:], shares, strict=True)
            modules, kept = zip(*[(m, share) for m, share in found if share], strict=True)
            return LinearHead(tuple(names[module] for module in modules), modules, kept)
    return None


def close(left: Tensor, right: Tensor) -> bool:
    """Tell whether two logits are the same, up to rounding."""
    scale = float(right.abs().max())
    difference = float((left - right).abs().max())
    return math.isfinite(difference) and difference <= TOLERANCE * scale


def _drawn(
    body: nn.Module, images: Tensor, candidates: Sequence[LinearMap], row: int
) -> tuple[Tensor, Tensor]:
    """Return the candidates' outputs (candidates, n) and the logits (n,) for random weights.

    So many draws of `row` numbers each that n is at least twice the number of candidates: two
    classes and two images alone would fit the shares of four maps to any logits.
    """
    generator = torch.Generator().manual_seed(0)
    outputs, logits = [], []
    with _put_back(candidates):
        for _ in range(max(1, math.ceil(2 * len(candidates) / row))):
            _randomise(candidates, generator)
            made, calls = _called(body, images)
            logits.append(made.flatten())
            outputs += [output.flatten() for module, output in calls if module in candidates]
    together = torch.stack(outputs) if outputs else images.new_zeros(0, row)
    draws = together.unflatten(0, (len(logits), len(candidates)))
    return draws.transpose(0, 1).flatten(1), torch.cat(logits)


def _shares(outputs: Tensor, logits: Tensor) -> tuple[float, ...] | None:
    """Return the factors by which outputs (m, n) add up to logits (n,); None where none do."""
    columns, wanted = outputs.T.double().cpu(), logits.double().cpu()
    # gelsd: two maps may have the same outputs
    solution = torch.linalg.lstsq(columns, wanted[:, None], driver="gelsd").solution[:, 0]
    if not close(columns @ solution, wanted):
        return None
    largest = float(solution.abs().max())
    return tuple(_rounded(c) if abs(c) > NO_SHARE * largest else 0.0 for c in solution.tolist())


def _rounded(share: float) -> float:
    """Return 1, 1/2 or another simple fraction where a fitted share is one up to rounding."""
    simple = float(Fraction(share).limit_denominator(16))
    return simple if abs(simple - share) <= 1e-5 * abs(share) else share


def _called(body: nn.Module, images: Tensor) -> tuple[Tensor, list[tuple[LinearMap, Tensor]]]:
    """Run a pass: its logits, and every linear map that ran once with a row of outputs an image."""
    calls: list[tuple[LinearMap, Tensor]] = []

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
        logits = body(images)
    finally:
        for handle in handles:
            handle.remove()
    modules = [module for module, _ in calls]
    return logits, [call for call in calls if modules.count(call[0]) == 1]


def _is_linear_map(module: nn.Module) -> bool:
    if isinstance(module, nn.Conv2d):
        return module.kernel_size == (1, 1) and module.groups == 1
    return isinstance(module, nn.Linear)


def _randomise(modules: Sequence[LinearMap], generator: torch.Generator) -> None:
    for module in modules:
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data.copy_(noise / max(1, parameter[0].numel()) ** 0.5)


@contextmanager
def _put_back(modules: Sequence[LinearMap]) -> Iterator[None]:
    """Give modules their own weights back at the end."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    before = [parameter.detach().clone() for parameter in parameters]
    try:
        yield
    finally:
        for parameter, old in zip(parameters, before, strict=True):
            parameter.data.copy_(old)
