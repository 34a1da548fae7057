"""What went wrong, as a sentence; what nobody expected is also in a log, with its traceback."""

import contextlib
import os
import time
import traceback
from pathlib import Path

import platformdirs

from engine.schema.errors import EngineError

LOG_BYTES = 1 << 20
"""A longer log is begun anew; the one before stays beside it."""


def log_path() -> Path:
    """Return where unexpected failures of the app are written."""
    return platformdirs.user_state_path("neuroinspect-tui") / "app.log"


def sentence(error: BaseException) -> str:
    """Return an error as a sentence, naming the log where that says more.

    An `EngineError` is its own sentence. The traceback of any other is written to the log.
    """
    if isinstance(error, EngineError):
        return str(error)
    return f"{_told(error)} ({record(error)})."


def _told(error: BaseException) -> str:
    if isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        return f"The operating system refused{where}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "Out of memory; close other programs, then try again"
    lines = str(error).splitlines()
    return f"Internal error, {type(error).__name__}: {lines[0] if lines else ''}"


def record(error: BaseException) -> str:
    """Append an error's traceback to the log; return where that is, or that there is none."""
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.old"))
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} pid {os.getpid()}\n")
            file.writelines(traceback.format_exception(error))
    except (OSError, MemoryError):
        with contextlib.suppress(OSError):
            return f"no details: {path} cannot be written"
    return f"details in {path}"
