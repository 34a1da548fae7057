"""How many cores this process may use. No torch."""

import os


def usable_cores() -> int:
    """Return the number of cores that the process is allowed to run on; all where none says."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
