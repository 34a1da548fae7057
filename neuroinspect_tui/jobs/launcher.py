"""A workspace's runners from outside: which are alive, starting one, stopping all.

A runner has no terminal and outlives the login that started it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from engine.io.atomic import HOST, cannot_write, read_json
from engine.schema.errors import EngineError
from neuroinspect_tui.jobs.job import JobError, is_locked
from neuroinspect_tui.jobs.process import Alive, is_alive
from neuroinspect_tui.jobs.queues import VISIBLE, file_name, visible_in

LOG_BYTES = 1 << 20
STOP_SECONDS = 10.0


def runner_lock(home: Path, queue: str) -> FileLock:
    """Return the kernel lock of a queue's runner: it dies with its process."""
    return FileLock(home / "jobs" / f"runner-{file_name(queue)}.lock")


def runner_note(home: Path, queue: str) -> Path:
    """Return the file in which a queue's runner says that it is alive."""
    return home / "jobs" / f"runner-{file_name(queue)}.json"


def runner_log(home: Path, queue: str) -> Path:
    """Return the file that gets what a queue's runner writes outside of its jobs' logs."""
    return home / "jobs" / f"runner-{file_name(queue)}.log"


def alive(home: Path) -> list[Alive]:
    """Return the runners of a workspace that are alive."""
    found = []
    for path in sorted((home / "jobs").glob("runner-*.json")):
        try:
            note = read_json(path, Alive)
        except EngineError:
            continue
        there = is_alive(note.process)
        if there is None and note.process.host == HOST:  # in another container
            there = is_locked(runner_lock(home, note.queue))
        if there is not False:
            found.append(note)
    return found


def ensure_runner(home: Path, queue: str) -> "subprocess.Popen[bytes] | None":
    """Make sure that a runner serves a queue; return one that was started for it.

    Raises:
        JobError: It cannot be started.
    """
    lock = runner_lock(home, queue)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None  # it is alive
    except OSError as error:
        raise JobError(cannot_write(home / "jobs", error)) from error
    lock.release()
    process = start_runner(home, queue)
    # it outlives this process; where it ends before, this thread reaps it: no zombie
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def start_runner(home: Path, queue: str, *options: str) -> "subprocess.Popen[bytes]":
    """Start a runner; where another one has the queue's lock already, it ends at once."""
    log = runner_log(home, queue)
    words = [sys.executable, "-m", "neuroinspect_tui.jobs.runner", str(home.resolve()), queue]
    try:
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.unlink()
        with log.open("ab") as file:
            return subprocess.Popen(
                [*_scope(), *words, *options],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True, close_fds=True, cwd="/",
                env=runner_environment(queue),
            )  # fmt: skip
    except OSError as error:
        raise JobError(f"Cannot start a runner: {error.strerror}: {error.filename}.") from error


def runner_environment(queue: str) -> dict[str, str]:
    """Return our environment variables, with the queue's GPUs and the packages that we see."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop(VISIBLE, None)
    visible = visible_in(queue)
    return environment if visible is None else environment | {VISIBLE: visible}


def stop_runners(home: Path) -> int:
    """Ask this host's runners to end, and wait until they have; return how many.

    Raises:
        JobError: One does not end.
    """
    mine = [runner.process for runner in alive(home) if is_alive(runner.process)]
    for process in mine:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(map(is_alive, mine)) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [process.pid for process in mine if is_alive(process)]
    if left:
        raise JobError(f"Runner {left[0]} does not end; kill it with: kill -9 {left[0]}")
    return len(mine)


def _scope() -> list[str]:
    """Return the words that start the runner outside of the login, where a logout kills."""
    if not logout_kills() or shutil.which("systemd-run") is None:
        return []
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--"]


def logout_kills() -> bool:
    """Tell whether systemd kills a user's processes at logout (KillUserProcesses)."""
    words = ["busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
             "org.freedesktop.login1.Manager", "KillUserProcesses"]  # fmt: skip
    return _says(words, "b true")


def lingers() -> bool:
    """Tell whether this user's services continue after a logout."""
    return _says(["loginctl", "show-user", str(os.getuid()), "--property=Linger"], "Linger=yes")


def _says(words: list[str], answer: str) -> bool:
    if shutil.which(words[0]) is None:
        return False
    try:
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=2)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.stdout.strip() == answer
