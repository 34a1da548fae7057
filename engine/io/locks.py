"""A lock between processes, waited for with a word on why."""

from collections.abc import Iterator

from filelock import FileLock, Timeout

from engine.schema.records import Progress


def wait_for(lock: FileLock) -> Iterator[Progress]:
    """Take a lock, however long another process holds it."""
    while True:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            yield Progress(stage="waiting for another process", done=0, total=0, unit="")
        else:
            return
