"""What a checkpoint holds: all its tensors by their path, and the rest as nested mappings."""

import json
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.models.checkpoint import State
from engine.models.file_kinds import STATE_DICT, kind_of
from engine.models.inert import Inert, load_inert
from engine.schema.errors import CheckpointError

TRUST = "it is a pickle, which may run code on load; add --trust-pickle if you trust its author"
DEEPEST = 8
MOST_TENSORS = 100_000
LONGEST_SEQUENCE = 16


@dataclass(frozen=True)
class Contents:
    """What a checkpoint holds.

    Attributes:
        path: The file.
        tensors: Every tensor in it; `state_dict.fc.weight` is `fc.weight` of its `state_dict`.
        groups: The paths of the mappings that hold tensors themselves, such as `state_dict.`.
        rest: All of it, as it was stored; of safetensors, the metadata with JSON decoded.
    """

    path: Path
    tensors: State
    groups: tuple[str, ...]
    rest: object


def read_contents(path: Path, *, trust_pickle: bool) -> Contents:
    """Read a checkpoint without executing code, unless it is a pickled model and trusted.

    Raises:
        CheckpointError: The file is missing, damaged, no checkpoint, an untrusted pickle, or has
            no weights, or such that are no plain numbers: the adapter's or quantized ones.
    """
    kind = kind_of(path)
    try:
        if kind == "safetensors":
            found = Contents(path, load_file(path), ("",), _metadata(path))
        else:
            found = _read_pickle(path, zipped=kind == "zip", trusted=trust_pickle)
    except CheckpointError:
        raise
    # on damaged files torch.load raises errors of many types: KeyError, struct.error, ...
    except Exception as error:
        raise CheckpointError(
            f"The checkpoint {path} is damaged or cut short: {_first_line(error)}."
        ) from error
    if not found.tensors:
        kind_of_rest = type(found.rest).__name__
        raise CheckpointError(
            f"The checkpoint {path} has no weights (it is a {kind_of_rest}); give a state dict."
        )
    _refuse_unusual(found)
    return found


def _read_pickle(path: Path, *, zipped: bool, trusted: bool) -> Contents:
    try:
        content = load_inert(path, zipped=zipped)
        found = _flattened(path, content)
        whole = isinstance(content, Inert) and "_modules" in content.state
        if not whole and (found.tensors or not _has_unknown(content)):
            return found
    except pickle.UnpicklingError as error:
        if not trusted:
            raise CheckpointError(f"Cannot load the checkpoint {path}: {TRUST}.") from error
    if not trusted:
        raise CheckpointError(f"Cannot load the checkpoint {path}: {TRUST}.")
    try:
        with path.open("rb") as file:
            content = torch.load(file, map_location="cpu", weights_only=False)
    except Exception as error:  # a pickle may raise anything on load
        raise CheckpointError(f"Cannot load the pickle {path}: {_first_line(error)}.") from error
    return _flattened(path, content)


def _first_line(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return first.partition(". ")[0].rstrip(".")  # without torch's own advice


def _flattened(path: Path, content: object) -> Contents:
    """Walk nested mappings; each is entered once, however often it is there."""
    tensors: State = {}
    groups: dict[str, None] = {}
    seen: set[int] = set()
    waiting = [("", content, 0)]
    while waiting:
        prefix, value, depth = waiting.pop(0)
        if id(value) in seen or depth > DEEPEST:
            continue
        seen.add(id(value))
        for name, inner in children(value):
            if isinstance(inner, Tensor):
                if f"{prefix}{name}" in tensors:
                    raise CheckpointError(f"{path} has two tensors {prefix}{name}; {STATE_DICT}.")
                tensors[f"{prefix}{name}"] = inner.detach()
                groups[prefix] = None
            else:
                waiting.append((f"{prefix}{name}.", inner, depth + 1))
        if len(tensors) > MOST_TENSORS:
            raise CheckpointError(f"{path} has over {MOST_TENSORS:,} tensors; {STATE_DICT}.")
    return Contents(path, tensors, tuple(groups), content)


def children(value: object) -> Iterable[tuple[str, object]]:
    """Return the named parts of a container or object, those of a module as its state dict's."""
    if isinstance(value, nn.Module):
        return list(value.state_dict().items())
    if isinstance(value, (list, tuple)) and not isinstance(value, Inert):
        return [(str(place), item) for place, item in enumerate(value[:LONGEST_SEQUENCE])]
    named = mapping_of(value)
    if "_modules" in named and "_parameters" in named:  # a module that was not executed
        hidden = named.get("_non_persistent_buffers_set") or ()
        parts = (mapping_of(named.get(key)) for key in ("_parameters", "_buffers", "_modules"))
        named = {
            key: item
            for part in parts
            for key, item in part.items()
            if not (isinstance(hidden, (set, list, tuple)) and key in hidden)
        }
    return [(key, item) for key, item in named.items() if isinstance(key, str)]


def mapping_of(value: object) -> Mapping[object, object]:
    """Return the items of a mapping, or the attributes of an object; nothing of anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Inert):
        return value.state
    if isinstance(value, (Tensor, type)) or not hasattr(value, "__dict__"):
        return {}
    return dict[object, object](vars(value).items())


def _has_unknown(content: object) -> bool:
    """Return whether there are objects of unknown classes, in which weights may be."""
    if isinstance(content, Inert):
        return True
    return any(isinstance(item, Inert) for _, item in children(content))


def _metadata(path: Path) -> dict[str, object]:
    with safe_open(path, "pt") as file:
        return {key: _decoded(text) for key, text in (file.metadata() or {}).items()}


def _decoded(text: str) -> object:
    """Read a text of the metadata as JSON where it is some: a list, a mapping, a number."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _refuse_unusual(found: Contents) -> None:
    for key, value in found.tensors.items():
        if ".lora_" in key or key.startswith("lora_"):
            raise CheckpointError(
                f"{found.path} has weights of a LoRA adapter ({key}); "
                f"merge it into its model with merge_and_unload() and {STATE_DICT}."
            )
        if value.is_quantized or "_packed_params" in key:
            raise CheckpointError(
                f"{found.path} has quantized weights ({key}); "
                "give the float weights that they were made from."
            )
