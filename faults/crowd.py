"""Two apps and three shells at once on one workspace, each in the others' way."""

import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.schema.errors import EngineError
from engine.schema.jobs import OVER
from engine.schema.requests import IllusionRequest
from faults.kills import steps
from faults.setting import PROGRAM, Setting, wait
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.jobs.launcher import ensure_runner, stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import resume

APPS, SHELLS, ROUNDS, STEPS = 2, 3, 6, 40
LOOK_SECONDS = 0.2


def crowd(setting: Setting) -> tuple[int, list[str]]:
    """Let them submit, follow, list, cancel, resume and stop runners; return jobs and problems."""
    home = setting.copy("crowd")
    with ThreadPoolExecutor(APPS + SHELLS) as people:
        apps = [people.submit(_app, home, number) for number in range(APPS)]
        shells = [people.submit(_shell, home, number) for number in range(APPS, APPS + SHELLS)]
        done = [some.result() for some in (*apps, *shells)]
    jobs = [job for made, _ in done for job in made]
    wrong = [problem for _, problems in done for problem in problems]
    for job in jobs:
        wrong += _finish(home, job)
    if len(set(jobs)) != len(jobs):
        wrong.append("two jobs of one id")
    for log in home.glob("jobs/runner-*.log"):
        if "Traceback" in log.read_text():
            wrong.append(f"{log.name} has a traceback")
    stop_runners(home)
    return len(jobs), wrong


def _app(home: Path, number: int) -> tuple[list[str], list[str]]:
    """Do what the screens do: submit and follow in threads, look at all jobs again and again."""
    workspace, jobs, wrong = LocalWorkspace(home), [], []
    for turn in range(ROUNDS):
        job = workspace.submit(_request(number, turn))
        jobs.append(job)
        stop = threading.Event()
        try:
            for _ in workspace.follow(job, stop):
                workspace.jobs()
                if turn % 3 == 2:
                    break
        except EngineError as error:  # a shell stopped the runner: the screen offers R
            if "jobs resume" not in str(error):
                wrong.append(str(error))
        workspace.jobs(), workspace.runner(), workspace.log(job)
        time.sleep(LOOK_SECONDS)
    return jobs, wrong


def _shell(home: Path, number: int) -> tuple[list[str], list[str]]:
    jobs: list[str] = []
    wrong: list[str] = []

    def run(*words: object) -> str:
        asked = [*PROGRAM, *map(str, words), "-w", str(home)]
        ran = subprocess.run(asked, capture_output=True, text=True, check=False)
        sentences = len(re.findall(r"(?m)^.+$", ran.stderr))
        if ran.returncode not in (0, 2) or "Traceback" in ran.stderr or sentences > 2:
            wrong.append(f"{' '.join(map(str, words))}: exit {ran.returncode}: {ran.stderr}")
        return ran.stdout.strip()

    for turn in range(ROUNDS):
        request = _request(number, turn)
        job = run("illusion", "-c", request.class_index, "-n", request.neurons[0],
                  "--steps", STEPS, "--detach")  # fmt: skip
        jobs.append(job)
        run("jobs", "list")
        run("jobs", "cancel" if turn % 2 else "show", job)
        if number == APPS and turn % 2:
            run("jobs", "runner", "stop")
        run("jobs", "resume", job)
        run("jobs", "resume", jobs[0])
    return jobs, wrong


def _request(number: int, turn: int) -> IllusionRequest:
    return IllusionRequest(class_index=0, neurons=(number * ROUNDS + turn,), steps=STEPS)


def _finish(home: Path, job: str) -> list[str]:
    """Let a job come to its end, whatever was done to it; return what is wrong with it then."""
    store = Store(home)
    ensure_runner(home, store.read(job).queue)
    while (state := wait(home, job, until=OVER)) in ("cancelled", "interrupted"):
        resume(store, job)
    if state != "done":
        return [f"{job}: {state}: {store.view(job).error}"]
    request, told = store.read(job).request, steps(home, job)
    assert isinstance(request, IllusionRequest)
    whole = [(request.neurons, step) for step in range(1, STEPS + 1)]
    return [] if told == whole else [f"{job}: told {told}"]
