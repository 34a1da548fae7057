"""Locks between processes."""

from collections.abc import Iterator

from filelock import FileLock, Timeout

from engine.schema.records import Progress


def wait_for(lock: FileLock) -> Iterator[Progress]:
    """Acquire a lock; yield a record every second while another process holds it."""
    while True:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            yield Progress(stage="waiting for another process", done=0, total=0, unit="")
        else:
            return
