"""Atomic writes: a temporary file beside the target, then a rename. And JSON, and digests."""

import errno
import glob
import hashlib
import os
import secrets
import socket
import stat
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
"""Of process ids: containers may share the host's name."""
OURS = f"{HOST}-{NAMESPACE}-"


def write_beside(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it to `path`.

    Raises:
        StorageError: The file cannot be written; `path` is unchanged.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path)
        beside = path.with_name(f".{path.name}.{OURS}{os.getpid()}.{secrets.token_hex(4)}")
        beside.touch(exist_ok=False)  # as the umask says: others of a group read workspaces too
        temporary = beside
        write(temporary)
        if (before := _mode(path)) is not None:
            temporary.chmod(before)
        temporary.replace(path)
    except OSError as error:
        raise StorageError(cannot_write(path, error)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _mode(path: Path) -> int | None:
    """Return the permissions of a file, which may be private; None where there is none."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _clear(path: Path) -> None:
    """Remove the temporary files that killed processes of this host left beside `path`."""
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
        pass  # another user's
    return True


def cannot_write(path: Path, error: OSError) -> str:
    """Return the sentence for a failed write."""
    if error.errno == errno.ENOLCK:
        return (
            f"Cannot lock files in {path.parent}: {error.strerror}; its file system has no file "
            "locks (NFS needs lockd): turn them on, or move the workspace to another file system."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Cannot write {path}: {error.strerror}; it is read-only for you."
    reason = error.strerror or str(error)
    return f"Cannot write {path}: {reason}; free some space there or make it writable, then retry."


def write_json(path: Path, value: object) -> None:
    """Write a record, or plain values, as indented JSON.

    Raises:
        StorageError: The file cannot be written; `path` is unchanged.
    """
    text = msgspec.json.format(msgspec.json.encode(value), indent=1)
    write_beside(path, lambda temporary: _write_bytes(temporary, text + b"\n"))


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8.

    Raises:
        StorageError: The file cannot be written; `path` is unchanged.
    """
    write_beside(path, lambda temporary: _write_bytes(temporary, text.encode("utf-8")))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def decode_json(content: bytes | str, type: type[T]) -> T:
    """Decode JSON as `type`.

    Raises:
        msgspec.DecodeError: It is not such JSON; also for bytes that are not UTF-8 and for too deep
            nesting, for which msgspec raises other errors.
    """
    try:
        return msgspec.json.decode(content, type=type)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def read_json(path: Path, type: type[T]) -> T:
    """Read JSON back as `type`.

    Raises:
        StorageError: The file is missing or unreadable, or its content is not a `type`.
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
    """Return a short hash, in hexadecimal, of everything that a result depends on."""
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
