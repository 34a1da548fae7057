"""Which process this is, so that another with the same pid is not taken for it."""

import os
import subprocess
from pathlib import Path

from msgspec import Struct

from engine.io.atomic import HOST, NAMESPACE


class Process(Struct, frozen=True):
    """A process for as long as the machine runs."""

    pid: int
    started: str
    """Boot and start time as the kernel counts them: no clock change moves them."""
    host: str
    namespace: str = ""
    """Whose pids these are: containers may share the host's name."""


def this_process() -> Process:
    """Return this process."""
    return Process(os.getpid(), _started(os.getpid()) or "", HOST, NAMESPACE)


def is_alive(process: Process) -> bool | None:
    """Tell whether a process still runs; None for one of another host or container."""
    if (process.host, process.namespace) != (HOST, NAMESPACE):
        return None
    return _started(process.pid) == process.started


def end_children() -> None:
    """End what reads images for us, though it hangs on a dead disk: nobody waits for it at exit."""
    from multiprocessing import active_children

    for child in active_children():
        child.kill()


def _started(pid: int) -> str | None:
    """Return when a process started; None for one that is gone, or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        # until its last thread is gone, a killed process still holds its locks
        over = fields[0] in "ZX" and int(fields[17]) <= 1
        return None if over else f"{_boot()}:{fields[19]}"
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
    ran = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return ran.stdout.strip() or None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()[:8]
    except OSError:
        return ""
