"""Files that are whole or absent: written beside, then renamed."""

import glob
import hashlib
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.schema.errors import StorageError

T = TypeVar("T")
HOST = socket.gethostname()


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


NAMESPACE = _namespace()
"""Whose pids a process counts: containers may share the host's name."""
OURS = f"{HOST}-{NAMESPACE}-"


def write_beside(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it over `path`.

    Raises:
        StorageError: The directory cannot be written; `path` is as it was.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.{OURS}{os.getpid()}."
        )
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        raise StorageError(cannot_write(path, error)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _clear(path: Path) -> None:
    """Remove what processes of this host left beside `path` when they were killed."""
    start = f".{path.name}.{OURS}"
    for left in path.parent.glob(f"{glob.escape(start)}*"):
        pid = left.name.removeprefix(start).partition(".")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            left.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def cannot_write(path: Path, error: OSError) -> str:
    """Return the sentence for a failed write."""
    reason = error.strerror or str(error)
    return f"Cannot write {path}: {reason}; free some space there or make it writable, then retry."


def write_json(path: Path, value: object) -> None:
    """Write a record, or plain values, as indented JSON."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=1)
    write_beside(path, lambda temporary: _write_bytes(temporary, text + b"\n"))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def decode_json(content: bytes | str, type: type[T]) -> T:
    """Decode JSON as `type`.

    Raises:
        msgspec.DecodeError: It is not; also for bytes that are no UTF-8, and for nesting without
            end, which msgspec tells otherwise.
    """
    try:
        return msgspec.json.decode(content, type=type)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def read_json(path: Path, type: type[T]) -> T:
    """Read JSON back as `type`.

    Raises:
        StorageError: The file is missing, unreadable, or not what `type` says.
    """
    try:
        return decode_json(path.read_bytes(), type)
    except OSError as error:
        raise StorageError(f"Cannot read {path}: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise StorageError(
            f"{path} is damaged ({error}); remove its directory and run the command again."
        ) from error


def key_of(parts: object, letters: int) -> str:
    """Return a short hash, in hexadecimal, of all that a result depends on."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:letters]


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(directory: Path) -> str:
    """Return a sha256 of the names, sizes and times of the files in a directory."""
    stamps = sorted(
        f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}"
        for file in directory.iterdir()
    )
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()
