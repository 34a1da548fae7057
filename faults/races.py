"""A full disk, two runners at once, a thousand jobs, and nothing left behind."""

import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

from engine.schema.requests import FeaturesRequest
from faults.kills import Uninterrupted
from faults.setting import PROGRAM, Setting, orphans, result, runners, submit, wait
from neuroinspect_tui.jobs.launcher import start_runner, stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import resume, title_of


def full_disk(setting: Setting, alone: Uninterrupted) -> str:
    """Run a pass on a disk too small for it, make room, resume; return what went wrong."""
    mount = setting.root / "small"
    mount.mkdir(exist_ok=True)
    ran = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(mount)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise PermissionError(ran.stderr.strip())
    try:
        home = shutil.copytree(setting.base, mount / "ws")
        ballast = mount / "ballast"
        free = shutil.disk_usage(mount).free
        ballast.write_bytes(b"\0" * (free - 150_000))  # a pass needs more than that
        job = submit(home, FeaturesRequest(split="train", workers=0, batch_size=8))
        state = wait(home, job, until=("done", "failed", "interrupted"))
        said = Store(home).view(job).error
        if state != "failed" or "space" not in said:
            return f"{state}: {said!r} on a full disk"
        ballast.unlink()
        resume(Store(home), job)
        wait(home, job, until=("done", "failed", "interrupted"))
        stop_runners(home)
        return "" if result(home, "features") == alone.files else "another result"
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=False)


def races(setting: Setting, times: int) -> int:
    """Start two runners at once; return how often exactly one stayed."""
    fixed = 0
    for number in range(times):
        home = setting.copy(f"race-{number}")
        (home / "jobs").mkdir(exist_ok=True)
        both = [start_runner(home, "cpu") for _ in range(2)]
        while sum(some.poll() is None for some in both) == 2:
            time.sleep(0.02)
        while not (there := runners(home)):
            time.sleep(0.02)
        fixed += len(there) == 1 and sum(some.poll() is None for some in both) == 1
        stop_runners(home)
        for some in both:
            some.wait()
        shutil.rmtree(home)
    return fixed


def thousand(setting: Setting, count: int) -> float:
    """Return the seconds of `jobs list` with so many jobs."""
    home = setting.copy("thousand")
    store = Store(home)
    request = FeaturesRequest(split="train")
    for _ in range(count):
        job = store.submit(request, title=title_of(request, ()), queue="cpu", out=None,
                           interactive=False)  # fmt: skip
        store.tickets.drop(job.queue, job.id)
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([*PROGRAM, "jobs", "list", "-w", home], capture_output=True, check=True)
        seconds.append(time.monotonic() - began)
    return median(seconds)


def left_behind(setting: Setting) -> list[str]:
    """Return processes that outlive `runner stop`, an idle exit, or their workspace."""
    found = []
    for way in ("stop", "idle", "deleted"):
        home: Path = setting.copy(f"left-{way}")
        (home / "jobs").mkdir(exist_ok=True)
        process = start_runner(home, "cpu", *(("1",) if way == "idle" else ()))
        while not runners(home) and process.poll() is None:
            time.sleep(0.02)
        if way != "idle":
            submit(home, FeaturesRequest(split="train", batch_size=8))
            time.sleep(5.0)
        if way == "stop":
            stop_runners(home)
        if way == "deleted":
            shutil.rmtree(home, ignore_errors=True)
        process.wait(timeout=30)
        time.sleep(0.5)
        found += [f"{way}: {words}" for words in orphans(home)]
    return found
