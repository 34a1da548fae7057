"""Conversions of a state dict, offered only where timm's network computes the same."""

from collections.abc import Iterator

from torch import nn

from engine.models.checkpoint import State
from engine.models.conversion.settings import Settings, differences
from engine.models.conversion.torchvision_names import from_torchvision
from engine.models.conversion.transformers_names import from_transformers
from engine.models.wanted import wanted
from engine.schema.errors import ModelError

UNSEEN = "heads, epsilons and activations as this model has them"
"""What transformers keeps in config.json and the weights do not show."""


def conversions(state: State, model: nn.Module) -> Iterator[tuple[str, State]]:
    """Yield (description, state under timm's names) for what other libraries' names fit.

    Keys that no rule knows keep their names. The caller compares keys and shapes with the model's.

    Args:
        state: Without a prefix such as `module.`.
        model: The timm model that is to take it.

    Raises:
        ModelError: The weights have the model's names and shapes, and the other network computes
            something else with them: another epsilon, padding or activation.
    """
    for network, found, settings in from_torchvision(state, model):
        _refuse_differences(f"torchvision's {network}", found, settings, model)
        yield f"torchvision's {network}", found
    for network, found in from_transformers(state, model):
        name = f"transformers' {network} ({UNSEEN})"
        _refuse_differences(name, found, Settings(), model)
        yield name, found


def _fits(state: State, model: nn.Module) -> bool:
    """Return whether all the weights behind the head are there; the head may be another's."""
    want = wanted(model)
    return all(
        key in state and want.takes(key, state[key])
        for key in want.weights
        if key not in want.head_keys
    )


def _refuse_differences(network: str, state: State, settings: Settings, model: nn.Module) -> None:
    found = differences(model, settings) if _fits(state, model) else []
    if found:
        raise ModelError(
            f"The checkpoint is {network}, and this model computes something else with its "
            f"weights: {'; '.join(found)}; {_mend(settings, model)}."
        )


def _mend(settings: Settings, model: nn.Module) -> str:
    name = str(getattr(model, "pretrained_cfg", {}).get("architecture", "")).removeprefix("tf_")
    wide = settings.eps is not None and settings.eps > 1e-5
    argument = f" --model-arg bn_eps={settings.eps:g}" if wide else ""
    return f"give --model {name}{argument}, with the image size that it was trained at"
