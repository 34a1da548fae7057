"""A head under another name: the one linear layer that is left where only the head is missing."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from engine.models.checkpoint import State
from engine.models.fit import Fit, foreign, splits
from engine.models.wanted import Wanted


def adopt_head(fit: Fit, want: Wanted) -> Fit:
    """Return the fit with its head, or with the reason why what is there cannot be the head.

    Only the whole head may be missing, and a model with several heads has them by their names.
    """
    if len(want.heads) != 1 or fit.mismatched or not fit.missing:
        return fit
    if not set(fit.missing) <= want.head_keys or want.head_weights[0] not in fit.missing:
        return fit
    for scope in _scopes(fit.start):
        matrices = [key for key in _left(fit, scope, want) if _is_matrix(key, fit.tensors[key])]
        if len(matrices) > 1:
            return replace(fit, problem=_several(matrices, fit.tensors))
        if matrices:
            return _adopted(fit, want, matrices[0], scope)
    return fit


def _adopted(fit: Fit, want: Wanted, key: str, scope: str) -> Fit:
    layer, head = key.removesuffix(".weight"), want.heads[0]
    weight = fit.tensors[key]
    if not want.takes(f"{head}.weight", weight):
        width = want.weights[f"{head}.weight"].shape[1]
        inputs = weight.shape[1]
        return replace(
            fit,
            problem=f"its head {layer} takes {inputs} features, the model gives {width}",
        )
    bias = f"{layer}.bias"
    used = {**fit.used, f"{head}.weight": key}
    unbiased: tuple[str, ...] = ()
    if f"{head}.bias" in want.weights and bias in fit.tensors:
        used[f"{head}.bias"] = bias
    elif f"{head}.bias" in want.weights:
        unbiased = (head,)
    found = replace(fit, used=used, missing=(), unbiased=unbiased, adopted=layer)
    found = replace(found, foreign=foreign(found, want))
    if more := list(_parts_of_head(found, want, layer, scope)):
        return replace(fit, problem=_several([key, *more], fit.tensors))
    return found


def _scopes(start: str) -> list[str]:
    """Return the prefix and what it is in, the nearest first."""
    return [prefix for prefix, _ in splits(start)][::-1] if start else [""]


def _left(fit: Fit, scope: str, want: Wanted) -> Iterator[str]:
    """Yield the unused floats there, without other copies of the model's weights."""
    for key in fit.leftovers:
        if not key.startswith(scope) or not fit.tensors[key].is_floating_point():
            continue
        if not any(name in want.weights and name not in want.head_keys for _, name in splits(key)):
            yield key


def _is_matrix(key: str, value: Tensor) -> bool:
    flat = value.ndim == 2 or (value.ndim == 4 and tuple(value.shape[2:]) == (1, 1))
    return flat and key.endswith("weight")


def _parts_of_head(fit: Fit, want: Wanted, layer: str, scope: str) -> Iterator[str]:
    """Yield what else the head computes with: beside its layer, or as wide as its features."""
    around = layer.rpartition(".")[0] + "."
    within = len(around) > max(len(scope), 1)
    weight = fit.tensors[f"{layer}.weight"]
    for key in _left(fit, scope, want):
        value = fit.tensors[key]
        as_wide = value.shape == weight.shape[1:2] and weight.shape[0] != weight.shape[1]
        if as_wide or (within and key.startswith(around)):
            yield key


def _several(keys: list[str], tensors: State) -> str:
    named = ", ".join(f"{key} {tuple(tensors[key].shape)}" for key in keys[:4])
    return f"its head may have several layers ({named}), the model's has one"
