"""SIGKILL and SIGTERM at random moments of every kind of job, then the same result."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from safetensors import safe_open

from engine.schema.jobs import Request
from engine.schema.records import IllusionStep
from faults.setting import PROGRAM, Setting, prepare, result, runners, submit, wait
from neuroinspect_tui.jobs.events import read_events
from neuroinspect_tui.jobs.job import INTERRUPTED
from neuroinspect_tui.jobs.launcher import ensure_runner, stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import resume

OVER = ("done", "failed", "cancelled")


@dataclass
class Tally:
    """What the signals did."""

    kills: Counter[str] = field(default_factory=Counter)
    hit: int = 0
    """Jobs that were under way when the signal came."""
    slowest: float = 0.0
    """Seconds from SIGTERM until a process was gone."""
    half: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    """Ended otherwise than by exit code 75, or 0."""

    @property
    def kinds(self) -> str:
        """How often each kind of job."""
        return ", ".join(f"{some} {n}" for some, n in sorted(self.kills.items()))

    @property
    def said(self) -> str:
        """What came of it, in a line."""
        return (
            f"{self.hit} hit a job under way; {len(self.broken)} lost a step or epoch, "
            f"{len(self.half)} half files, {self.kills.total() - len(self.differing)} "
            "identical results"
        )

    @property
    def problems(self) -> list[str]:
        """All that went wrong."""
        return [*self.broken, *self.half, *self.differing, *self.unlike]


@dataclass(frozen=True)
class Uninterrupted:
    """How a job goes where nothing happens."""

    seconds: float
    files: dict[str, str]
    steps: list[object]


def uninterrupted(setting: Setting, kind: str, request: Request) -> Uninterrupted:
    """Run a job on its own."""
    home = setting.copy(f"alone-{kind}")
    began = time.monotonic()
    job = submit(home, request)
    if wait(home, job, until=OVER) != "done":
        raise RuntimeError(f"{kind}: {Store(home).view(job).error}")
    seconds = time.monotonic() - began
    stop_runners(home)
    return Uninterrupted(seconds, result(home, kind), steps(home, job))


def kill(
    setting: Setting, kind: str, request: Request, alone: Uninterrupted, number: int, tally: Tally
) -> None:
    """Kill a job's runner once, look, resume, and compare with the job that nothing happened to."""
    home = setting.copy(f"killed-{number}")
    moment = random.Random(number).uniform(0.1, 1.0) * alone.seconds
    job = submit(home, request)
    time.sleep(moment)
    for pid in runners(home):
        os.kill(pid, signal.SIGKILL)
    while runners(home):
        time.sleep(0.01)
    tally.kills[kind] += 1
    name = f"{kind} at {moment:.2f} s"
    tally.half += [f"{name}: {path}" for path in half_files(home)]
    store = Store(home)
    state = store.view(job).state
    if state == "interrupted":
        tally.hit += 1
        resume(store, job)
    elif state == "waiting":
        ensure_runner(home, store.read(job).queue)
    wait(home, job, until=OVER)
    _compare(home, kind, job, alone, name, tally)
    stop_runners(home)
    shutil.rmtree(home)


def terminate(
    setting: Setting, kind: str, request: Request, alone: Uninterrupted, number: int, tally: Tally
) -> None:
    """Send SIGTERM to a job in the foreground, as a batch scheduler does, and run it again.

    Every second time to it alone, else to its whole group.
    """
    home = setting.copy(f"terminated-{number}")
    moment = random.Random(number).uniform(0.0, 1.0) * alone.seconds
    job = prepare(home, request)
    command = [*PROGRAM, "jobs", "run", str(Store(home).directory(job))]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stderr=quiet, start_new_session=True) as process:
        wait(home, job, until=("running", *OVER))
        time.sleep(moment)
        (os.kill if number % 2 else os.killpg)(process.pid, signal.SIGTERM)
        began = time.monotonic()
        code = process.wait()
    seconds = time.monotonic() - began
    name = f"{kind}, SIGTERM at {moment:.2f} s"
    tally.kills[kind] += 1
    tally.half += [f"{name}: {path}" for path in half_files(home)]
    state = Store(home).view(job).state
    tally.slowest = max(tally.slowest, seconds)
    tally.hit += state == "interrupted"
    if code == INTERRUPTED:
        code = subprocess.run(command, stderr=quiet, check=False).returncode
        state = Store(home).view(job).state
    if (code, state) != (0, "done"):
        tally.unlike.append(f"{name}: exit {code}, {state}")
    _compare(home, kind, job, alone, name, tally)
    shutil.rmtree(home)


def _compare(
    home: Path, kind: str, job: str, alone: Uninterrupted, name: str, tally: Tally
) -> None:
    view = Store(home).view(job)
    if view.state != "done":
        tally.differing.append(f"{name}: {view.state} {view.error}")
    elif result(home, kind) != alone.files:
        tally.differing.append(f"{name}: {_difference(result(home, kind), alone.files)}")
    if steps(home, job) != alone.steps:
        tally.broken.append(f"{name}: {len(steps(home, job))} of {len(alone.steps)} steps")


def _difference(found: dict[str, str], wanted: dict[str, str]) -> str:
    names = sorted({*found, *wanted}, key=lambda name: (found.get(name) == wanted.get(name), name))
    return f"{names[0]} differs or is missing" if names else "nothing there"


def steps(home: Path, job: str) -> list[object]:
    """Return every step and epoch in the order written."""
    records, _ = read_events(Store(home).directory(job) / "events.jsonl", 0)
    return [
        (record.neurons, record.step) if isinstance(record, IllusionStep) else record.epoch
        for record in records
        if isinstance(record, IllusionStep) or hasattr(record, "epoch")
    ]


def half_files(home: Path) -> list[str]:
    """Return visible files that do not read as what they are called."""
    found = []
    for path in sorted(home.rglob("*")):
        if not path.is_file() or any(p.startswith(".") for p in path.relative_to(home).parts):
            continue
        if ".partial" in str(path.relative_to(home)):
            continue  # a pass under way, not yet anything
        try:
            if path.suffix == ".json":
                json.loads(path.read_bytes())
            elif path.suffix == ".png":
                Image.open(path).load()
            elif path.suffix == ".safetensors":
                with safe_open(path, "np") as file:
                    file.keys()
        except Exception as error:  # noqa: BLE001  whatever a reader stumbles over
            found.append(f"{path.relative_to(home)} ({type(error).__name__})")
    return found
