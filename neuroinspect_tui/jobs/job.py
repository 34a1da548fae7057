"""A job's files: replaced as a whole, or only appended to."""

import errno
import os
import secrets
import time
from pathlib import Path
from typing import Annotated

import msgspec
from filelock import FileLock, Timeout
from msgspec import Meta, Struct

from engine.io.atomic import HOST, decode_json, read_json
from engine.schema.errors import EngineError
from engine.schema.jobs import Request, State
from neuroinspect_tui.jobs.process import Process, is_alive

VERSION = 1
INTERRUPTED = 75
"""The exit code of a process whose job was interrupted and can be resumed (TEMPFAIL)."""
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no two letters look alike, and it sorts."""
EPOCH = 1_700_000_000
TICKS = 1024
"""Ids a second; eight letters are enough until 2057."""
FULL = (errno.ENOSPC, errno.EDQUOT)
SILENT_SECONDS = 120.0
"""Without a heartbeat, a job of another host counts as interrupted."""


class JobError(EngineError):
    """A job is unknown, damaged, failed, was cancelled or interrupted."""


class Job(Struct, frozen=True, kw_only=True):
    """job.json: the request."""

    version: int = VERSION
    id: str
    title: str
    request: Request
    queue: str
    """The queue that it waits in: a device, or `edits`."""
    executor: str = "local"
    """Who runs it (`neuroinspect_tui.jobs.executors`)."""
    out: str | None = None
    """Where pictures go; None: the workspace's own directories."""
    interactive: bool = True
    created: Annotated[float, Meta(ge=0, le=1e11)]


class Status(Struct, frozen=True, kw_only=True):
    """status.json: the state and the progress."""

    state: State = "waiting"
    stage: str = ""
    step: int = 0
    total: int = 0
    seconds_left: float | None = None
    images_per_second: float | None = None
    waiting: str = ""
    error: str = ""
    process: Process | None = None
    device: str = ""
    began: float | None = None
    updated: float = 0.0
    seconds: float = 0.0
    """Seconds that it ran, over all attempts."""


def new_id(now: float) -> str:
    """Return eight letters that sort by time; each tick has its own."""
    number, letters = max(0, int((now - EPOCH) * TICKS)), ""
    for _ in range(8):
        number, digit = divmod(number, 32)
        letters = ALPHABET[digit] + letters
    return letters


def is_id(name: str) -> bool:
    """Tell whether a directory's name is a job's."""
    return len(name) == 8 and all(letter in ALPHABET for letter in name)


def read_job(directory: Path) -> Job:
    """Read job.json.

    Raises:
        JobError: Missing, damaged, or from a newer version.
    """
    path = directory / "job.json"
    try:
        content = path.read_bytes()
        version = decode_json(content, _Versioned).version
        if version > VERSION:
            raise JobError(f"{path} was written by a newer version ({version}); update to read it.")
        return decode_json(content, Job)
    except OSError as error:
        raise JobError(f"Cannot read {path}: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise JobError(f"{path} is damaged ({error}); remove its directory.") from error


class _Versioned(Struct):
    version: int = 0


def read_status(directory: Path) -> Status:
    """Read status.json; a running job whose process died is interrupted."""
    try:
        now = read_json(directory / "status.json", Status)
    except EngineError:
        return Status(state="interrupted")
    if now.state != "running" or now.process is None or lives(directory, now):
        return now
    return msgspec.structs.replace(now, state="interrupted", stage="")


def lives(directory: Path, now: Status) -> bool:
    """Tell whether a job's process is alive; on another host, only its heartbeat tells."""
    if now.process is None:
        return False
    alive = is_alive(now.process)
    if alive is None and now.process.host == HOST:  # in another container
        return is_locked(job_lock(directory))
    return abs(time.time() - now.updated) < SILENT_SECONDS if alive is None else alive


def is_locked(lock: FileLock) -> bool:
    """Tell whether another process holds a lock, or may hold it."""
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def write_status(directory: Path, status: Status) -> None:
    """Replace status.json as a whole; never makes the directory again."""
    path = directory / "status.json"
    temporary = directory / f".status.{HOST}.{os.getpid()}.{secrets.token_hex(2)}"
    content = pretty(status)
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno not in FULL:
            raise
        with path.open("r+b") as file:  # on a full disk, the old file's own space is left
            file.write(content)
            file.truncate()


def job_lock(directory: Path) -> FileLock:
    """Return the kernel lock that the process of a job holds until the job is over."""
    return FileLock(directory / "lock")


def pretty(value: object) -> bytes:
    """Return a record as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
