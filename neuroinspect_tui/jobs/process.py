"""Which process this is, so that another one with the same pid is never mistaken for it."""

import os
from pathlib import Path

import psutil
from msgspec import Struct

from engine.io.atomic import HOST, NAMESPACE

OVER = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
IDLE_SECONDS = 900.0


class Process(Struct, frozen=True):
    """A process for as long as the machine runs."""

    pid: int
    started: str
    """Boot and start time as the kernel counts them: no clock change moves them."""
    host: str
    namespace: str = ""
    """Whose pids these are: containers may share the host's name."""


class Alive(Struct, frozen=True):
    """A process that runs a workspace's jobs, and since when it has had none to run."""

    process: Process
    queue: str
    since: float
    """Seconds since 1970, as is `idle_since`."""
    idle_since: float | None = None
    """None while a job runs."""
    idle_seconds: float = IDLE_SECONDS
    """How long it stays without a job."""


def this_process() -> Process:
    """Return this process."""
    return process_of(os.getpid())


def process_of(pid: int) -> Process:
    """Return a process of this host and container by its pid; gone, it has no start time."""
    return Process(pid, _started(pid) or "", HOST, NAMESPACE)


def is_alive(process: Process) -> bool | None:
    """Tell whether a process still runs; None for one of another host or container."""
    if (process.host, process.namespace) != (HOST, NAMESPACE):
        return None
    return _started(process.pid) == process.started


def end_children() -> None:
    """Kill the processes that read images for us: one that hangs on a dead disk is not awaited."""
    from multiprocessing import active_children

    for child in active_children():
        child.kill()


def _started(pid: int) -> str | None:
    """Return when a process started; None for one that is gone, or only waits to be reaped."""
    try:
        process = psutil.Process(pid)
        # until its last thread is gone, a killed process still holds its locks
        if process.status() in OVER and process.num_threads() <= 1:
            return None
        return _since_boot(pid) if psutil.LINUX else str(process.create_time())
    except (psutil.Error, OSError):
        return None


def _since_boot(pid: int) -> str:
    """Return Linux's boot id and the start time in clock ticks since then.

    Not psutil's create_time: it adds the time of boot by the wall clock, which a clock change
    moves. On macOS it is what the kernel noted as the process started, and stays.
    """
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return f"{boot[:8]}:{fields[19]}"
