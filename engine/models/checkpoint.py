"""Weights on disk as this program writes them: safetensors."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.io.atomic import write_beside

State = dict[str, Tensor]


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
