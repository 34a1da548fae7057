"""What a file is, by its first bytes: a checkpoint, or something else and the way to one."""

import zipfile
from pathlib import Path
from typing import Literal

from engine.schema.errors import CheckpointError

Kind = Literal["safetensors", "zip", "legacy"]

STATE_DICT = "save its state dict with torch.save(model.state_dict(), FILE) and give that"
LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit
MAGIC = bytes.fromhex("8a0a6cfc9c46f9206aa85019")  # begins every file of torch.save before its zips
STARTS = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes; a PyTorch checkpoint is required",
    b"GGUF": "a GGUF file of quantized weights; give the float weights that it was made from",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; run `git lfs pull`",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"\x93NUMPY": f"a NumPy array; {STATE_DICT}",
    b"<": "a web page or XML, not a checkpoint; download it again",
}
FOLDERS = {
    "adapter_config.json": "of a PEFT adapter; merge it with merge_and_unload() and {save}",
    "saved_model.pb": "of a TensorFlow model; a PyTorch checkpoint is required",
    "config.json": "; give --model local-dir:{path} if timm saved it, or a file in it",
}


def kind_of(path: Path) -> Kind:
    """Return how a checkpoint is stored, whatever its name.

    Raises:
        CheckpointError: It is missing, cut short, or something else: the sentence says what.
    """
    if not path.is_file():
        raise CheckpointError(_no_file(path))
    with path.open("rb") as file:
        head = file.read(64)
    if len(head) < 9:
        raise CheckpointError(
            f"The checkpoint {path} is damaged or cut short: it has {len(head)} bytes."
        )
    if head.startswith(b"PK"):
        return _zip_kind(path)
    if MAGIC in head:
        return "legacy"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST_HEADER:
        return "safetensors"
    raise CheckpointError(f"{path} is {_something_else(head)}.")


def _no_file(path: Path) -> str:
    if not path.is_dir():
        return f"The checkpoint {path} does not exist; give a .safetensors, .pt or .pth file."
    for name, what in FOLDERS.items():
        if (path / name).is_file():
            said = what.format(path=path, save=STATE_DICT)
            return f"The checkpoint {path} is a directory{'' if said[0] == ';' else ' '}{said}."
    return f"The checkpoint {path} is a directory; give a .safetensors, .pt or .pth file."


def _zip_kind(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        problem = str(error).rstrip(".") or type(error).__name__
        raise CheckpointError(
            f"The checkpoint {path} is damaged or cut short: {problem}."
        ) from error
    inner = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inner:  # before data.pkl, which it has too
        raise CheckpointError(
            f"{path} is a TorchScript archive; load it with torch.jit.load and {STATE_DICT}."
        )
    if "data.pkl" in inner:
        return "zip"
    if "model.weights.h5" in names:
        raise CheckpointError(f"{path} is a Keras archive; a PyTorch checkpoint is required.")
    if any(name.endswith(".npy") for name in names):
        raise CheckpointError(f"{path} is an archive of NumPy arrays; {STATE_DICT}.")
    raise CheckpointError(f"{path} is a zip archive of other files; unpack it first.")


def _something_else(head: bytes) -> str:
    for start, what in STARTS.items():
        if head.startswith(start):
            return what
    if head[4:8] == b"TFL3":
        return "a TFLite model; give the PyTorch checkpoint that it was made from"
    if head[0] == 0x08 and 0 < head[1] < 32 and head[2] in b"\x12\x1a\x22\x28\x32\x3a\x42":
        return "an ONNX model; give the PyTorch checkpoint that it was exported from"
    if head[0] == 0x80 and head[1] <= 5:  # any other pickle
        return f"a pickle that torch.save did not write; {STATE_DICT}"
    return (
        "not a PyTorch checkpoint; give a .pt or .pth file from torch.save, or a .safetensors file"
    )
