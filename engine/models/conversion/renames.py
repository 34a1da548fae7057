"""Keys of a state dict, renamed by rules."""

import re
from collections.abc import Sequence

import torch
from torch import nn

from engine.models.checkpoint import State

Rules = Sequence[tuple[str, str]]
_PARTS = ("q", "k", "v")
_PART = re.compile(r"^(.*\.attn\.)([qkv])\.(weight|bias)$")


def rename(state: State, rules: Rules) -> State:
    """Rename every key by the first rule whose pattern matches it from its start to its end.

    Keys that no rule matches keep their names, so that the caller can name what is left over.
    """
    compiled = [(re.compile(pattern), new) for pattern, new in rules]
    return {_renamed(key, compiled): value for key, value in state.items()}


def _renamed(key: str, rules: list[tuple[re.Pattern[str], str]]) -> str:
    for pattern, new in rules:
        found = pattern.fullmatch(key)
        if found:
            return found.expand(new)
    return key


def join_qkv(state: State) -> State:
    """Join `attn.q`, `attn.k` and `attn.v` to timm's `attn.qkv`: queries, keys, values, by rows."""
    joined = {key: value for key, value in state.items() if not _PART.match(key)}
    for key in state:
        found = _PART.match(key)
        if found and found[2] == "q":
            parts = [state.get(f"{found[1]}{part}.{found[3]}") for part in _PARTS]
            if all(part is not None for part in parts):
                whole = torch.cat([part for part in parts if part is not None])
                joined[f"{found[1]}qkv.{found[3]}"] = whole
    return joined


def natural(key: str) -> list[tuple[int, str]]:
    """Return what to sort a key by so that `block.10` comes after `block.9`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in key.split(".")]


def shaped(state: State, model: nn.Module) -> State:
    """Give tensors the model's shapes where these differ only by sides of length 1.

    A 1 x 1 convolution and a linear layer have the same weights; so have scales (C,) and (C, 1, 1).
    """
    wanted = model.state_dict()
    return {
        key: value.reshape(wanted[key].shape)
        if key in wanted and _sides(value) == _sides(wanted[key])
        else value
        for key, value in state.items()
    }


def _sides(value: torch.Tensor) -> list[int]:
    return [side for side in value.shape if side != 1]
