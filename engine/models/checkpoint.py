"""Weights on disk: read without executing code, checked against the model, saved as safetensors."""

import argparse
import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.io.atomic import write_beside
from engine.schema.errors import CheckpointError

State = dict[str, Tensor]
WRAPPERS = ("state_dict_ema", "model_ema", "ema", "state_dict", "model")  # averaged weights first
PREFIXES = ("module.", "_orig_mod.", "model.")
TRUST = "it is a pickle, which may run code on load; add --trust-pickle if you trust its author"


def read_state(path: Path, *, trust_pickle: bool) -> State:
    """Read a state dict from .safetensors, .pt or .pth.

    Accepts bare state dicts and those under `state_dict`, `model` or an average of either (which
    is preferred, as in timm), with or without `module.` before every key.

    Raises:
        CheckpointError: The file is missing, damaged, an untrusted pickle, or has no weights.
    """
    if not path.is_file():
        problem = "is a directory" if path.is_dir() else "does not exist"
        raise CheckpointError(
            f"The checkpoint {path} {problem}; give a .safetensors, .pt or .pth file."
        )
    try:
        if path.suffix == ".safetensors":
            return _stripped(load_file(path))
        content = _unpickle(path, trust_pickle=trust_pickle)
    except CheckpointError:
        raise
    # on other files torch.load raises errors of many types: KeyError, struct.error, ...
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        first = first.partition(". ")[0].rstrip(".")  # without torch's own advice
        raise CheckpointError(f"The checkpoint {path} is damaged or cut short: {first}.") from error
    return _stripped(_unwrap(content, path))


def _unpickle(path: Path, *, trust_pickle: bool) -> object:
    try:
        # timm's own checkpoints hold the training arguments, too
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not _written_by_torch(path):
            raise CheckpointError(
                f"{path} is not a PyTorch checkpoint; give a .pt or .pth file from torch.save, "
                "or a .safetensors file."
            ) from error
        if not trust_pickle:
            raise CheckpointError(f"Cannot load the checkpoint {path}: {TRUST}.") from error
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # a pickle may raise anything on load
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"Cannot load the pickle {path}: {first}.") from error


def _written_by_torch(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80"))  # zip, or a pickle of protocol 2 and up


def _unwrap(content: object, path: Path) -> State:
    if isinstance(content, nn.Module):
        return dict(content.state_dict())
    if isinstance(content, Mapping):
        for key in WRAPPERS:
            inner = content.get(key)
            if isinstance(inner, nn.Module):
                return dict(inner.state_dict())
            if isinstance(inner, Mapping) and _tensors(inner):
                return _tensors(inner)
        if _tensors(content):
            return _tensors(content)
    raise CheckpointError(
        f"The checkpoint {path} has no weights (it is a {type(content).__name__}); "
        "give a state dict."
    )


def _tensors(mapping: Mapping[object, object]) -> State:
    return {str(key): value for key, value in mapping.items() if isinstance(value, Tensor)}


def _stripped(state: State) -> State:
    for prefix in PREFIXES:
        if state and all(key.startswith(prefix) for key in state if key != "n_averaged"):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    state.pop("n_averaged", None)
    return state


def fit_state(model: nn.Module, state: State, path: Path) -> None:
    """Load `state` into `model`, strictly; `path` is named in errors.

    Raises:
        CheckpointError: Keys or shapes differ (the first three are named), or weights are not
            finite.
    """
    expected = model.state_dict()
    missing = [key for key in expected if key not in state]
    unexpected = [key for key in state if key not in expected]
    shapes = [
        f"{key} is {tuple(state[key].shape)} in the file, {tuple(value.shape)} in the model"
        for key, value in expected.items()
        if key in state and state[key].shape != value.shape
    ]
    parts = [
        f"mismatched shapes: {len(shapes)} ({'; '.join(shapes[:3])})" if shapes else "",
        f"missing weights: {len(missing)} ({', '.join(missing[:3])})" if missing else "",
        f"unknown weights: {len(unexpected)} ({', '.join(unexpected[:3])})" if unexpected else "",
    ]
    if any(parts):
        raise CheckpointError(
            f"The checkpoint {path} does not fit the model: {', '.join(filter(None, parts))}; "
            "check --model and the number of classes."
        )
    for key, value in state.items():
        if value.is_meta or value.is_complex() or value.layout != torch.strided:
            raise CheckpointError(
                f"The checkpoint {path} has an unsupported tensor {key}; "
                "dense tensors of real numbers are required."
            )
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"The checkpoint {path} has NaN or infinite values in {key}.")
    model.load_state_dict(state)


def write_state(path: Path, state: State, metadata: Mapping[str, str]) -> None:
    """Write a state dict as safetensors: all of it, or nothing.

    Raises:
        StorageError: The file cannot be written.
    """
    on_cpu = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    write_beside(path, lambda temporary: _save(on_cpu, temporary, metadata))


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file; nothing for any other file."""
    try:
        with safe_open(path, "pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError):
        return {}


def _save(state: State, path: Path, metadata: Mapping[str, str]) -> None:
    try:
        save_file(state, path, metadata=dict(metadata))
    except SafetensorError as error:  # safetensors wraps the operating system's error
        raise OSError(str(error)) from error
    _order_metadata(path)


def _order_metadata(path: Path) -> None:
    """Sort the metadata, which safetensors writes in random order: same content, same bytes."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= size:  # except for characters that safetensors writes shorter
            file.seek(8)
            file.write(text.ljust(size))
