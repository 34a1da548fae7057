"""A small real workspace, one job of each kind, and what its result must be to the byte."""

import hashlib
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine.schema.jobs import Request
from engine.schema.requests import (
    UNTRAINED,
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
    Source,
    TrainRequest,
)
from neuroinspect_tui.demo.dataset import Recipe, write_dataset
from neuroinspect_tui.jobs.launcher import alive
from neuroinspect_tui.jobs.process import is_alive
from neuroinspect_tui.jobs.queues import queue_of
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import submit as submit_job
from neuroinspect_tui.jobs.submit import title_of
from neuroinspect_tui.workspace import read_source, write_source

PROGRAM = (sys.executable, "-m", "neuroinspect_tui")
BASE = Recipe(train=320, valid=480, test=64)
SECONDS = 900.0


def jobs(edit: str) -> dict[str, Request]:
    """Return a job of each kind, each of a few seconds."""
    return {
        "features": FeaturesRequest(split="train", workers=1, batch_size=8),
        "illusion": IllusionRequest(class_index=0, neurons=(3, 5, 8), steps=120, every=20),
        "edit": EditRequest(classes=(0, 1), method="ratio", epochs=20, seeds=3),
        "train": TrainRequest(epochs=3, batch_size=32, workers=1),
        "heat": HeatRequest(class_index=0, neuron=3),
        "export": ExportRequest(edit=edit, out="fixed.safetensors"),
    }


@dataclass(frozen=True)
class Setting:
    """Where it is all done."""

    root: Path

    @property
    def base(self) -> Path:
        """A workspace with its validation features and an edit, copied for every trial."""
        return self.root / "base"

    def make(self) -> str:
        """Make the workspace to copy; return the id of its edit."""
        for _ in write_dataset(self.root / "pictures", BASE, seed=1):
            pass
        source = Source(
            model="test_byobnet", checkpoint=UNTRAINED, device="cpu",
            data=str(self.root / "pictures" / "metadata.csv"),
        )  # fmt: skip
        write_source(self.base, source)
        self.run("train", "-w", self.base, "--epochs", "2", "--workers", "0")
        self.run("classes", "-w", self.base, "--workers", "0")
        made = self.run("edit", "-w", self.base, "-c", "all", "--json")
        return str(json.loads(made)["id"])

    def copy(self, name: str) -> Path:
        """Return a fresh copy of the workspace."""
        home = self.root / name
        shutil.rmtree(home, ignore_errors=True)
        return shutil.copytree(self.base, home)

    def run(self, *words: object) -> str:
        """Run a command to its end; return what it printed."""
        ran = subprocess.run(
            [*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False, cwd=self.root
        )
        if ran.returncode:
            raise RuntimeError(f"{words}: exit {ran.returncode}: {ran.stderr}")
        return ran.stdout


def submit(home: Path, request: Request) -> str:
    """Submit a job to the workspace's runner; return its id."""
    return submit_job(Store(home), _inside(home, request), read_source(home)).id


def prepare(home: Path, request: Request) -> str:
    """Write a job that no runner is started for; return its id."""
    request, source = _inside(home, request), read_source(home)
    job = Store(home).submit(
        request, title=title_of(request, ()), queue=queue_of(request, source), out=None,
        interactive=False,
    )  # fmt: skip
    return job.id


def _inside(home: Path, request: Request) -> Request:
    if isinstance(request, ExportRequest):
        return ExportRequest(edit=request.edit, out=str(home / request.out))
    return request


def result(home: Path, kind: str) -> dict[str, str]:
    """Return the digests of what a job leaves, by file."""
    patterns = {
        "features": "features/*/*.npy", "illusion": "illusions/*.png",
        "edit": "edits/*/head.safetensors",
        "train": "train/*/best.safetensors", "heat": "heat/*.png", "export": "fixed.safetensors",
    }  # fmt: skip
    found = {}
    for path in sorted(home.glob(patterns[kind])):
        parts = path.relative_to(home).parts
        if any(part.startswith(".") for part in parts):
            continue
        name = "/".join(parts if kind != "edit" else ("edits", parts[1][15:], parts[2]))
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def wait(home: Path, job: str, *, until: tuple[str, ...], seconds: float = SECONDS) -> str:
    """Wait until a job is in one of some states; return it."""
    store = Store(home)
    deadline = time.monotonic() + seconds
    while (state := store.view(job).state) not in until:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{job} is {state} still: {store.view(job)}")
        time.sleep(0.05)
    return state


def runners(home: Path) -> list[int]:
    """Return the pids of a workspace's runners."""
    return [runner.process.pid for runner in alive(home) if is_alive(runner.process)]


def orphans(home: Path) -> list[str]:
    """Return the command lines of all processes that name a workspace."""
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [" ".join(words) for words in commands if str(home) in words]
