"""Locks between processes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from engine.io.atomic import cannot_write
from engine.schema.errors import EngineError, StorageError
from engine.schema.records import Progress

warnings.filterwarnings("ignore", "flock not supported on this filesystem", UserWarning)
"""Where there is no flock (ENOSYS), filelock takes lock files instead, and that is enough."""


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Change a file of a workspace, one process at a time.

    Raises:
        EngineError: The workspace is gone.
        StorageError: It cannot be written.
    """
    if not path.parent.is_dir():  # writing would bring it back, with nothing else in it
        raise EngineError(f"{path.parent} is gone; open another workspace.")
    try:
        with FileLock(path.with_name(f".{path.name}.lock")):
            yield
    except OSError as error:
        raise StorageError(cannot_write(path, error)) from error


def wait_for(lock: FileLock) -> Iterator[Progress]:
    """Acquire a lock; yield a record every second while another process holds it."""
    while True:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            yield Progress(stage="waiting for another process", done=0, total=0, unit="")
        else:
            return
