"""The runner and who talks to it: a real process, real jobs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import psutil
import pytest
from msgspec import structs

from engine.schema.edits import Edit, EditEpoch
from engine.schema.protocol import Engine
from engine.schema.records import Exported, Illusions, IllusionStep, Neuron, Progress
from engine.schema.requests import (
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
    TrainRequest,
)
from engine.schema.training import Trained, TrainEpoch
from engine.session import TorchEngine
from neuroinspect_tui.cli.jobs import SCHEDULERS
from neuroinspect_tui.jobs import attempt
from neuroinspect_tui.jobs.engine_cache import EngineCache
from neuroinspect_tui.jobs.follow import follow
from neuroinspect_tui.jobs.job import JobError, Status, job_lock, write_status
from neuroinspect_tui.jobs.launcher import alive, start_runner, stop_runners
from neuroinspect_tui.jobs.process import is_alive
from neuroinspect_tui.jobs.runner import Runner
from neuroinspect_tui.jobs.runner import main as runner_main
from neuroinspect_tui.jobs.signals import HEARD
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import resume, submit
from neuroinspect_tui.workspace import read_source, write_source
from tests.neuroinspect_tui.jobs.conftest import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def signals():
    """Puts back the handlers that a runner in this process, or `jobs run`, leaves."""
    before = {number: signal.getsignal(number) for number in (*HEARD, *SCHEDULERS)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Jobs:
    """Submits to a workspace's runners, and follows."""

    def __init__(self, home):
        self.home, self.store = home, Store(home)

    def submit(self, request, out=None):
        return submit(self.store, request, read_source(self.home), out=out)

    def records(self, request, out=None):
        return list(follow(self.store, self.submit(request, out).id))


@pytest.fixture(scope="module")
def jobs(served):
    return Jobs(served)


def kinds(records):
    return {type(record) for record in records}


def test_a_job_yields_the_records_of_the_engine_in_this_process(jobs, served, tmp_path):
    here: Engine = TorchEngine(read_source(served), served)
    heat = HeatRequest(class_index=0, neuron=3), str(tmp_path / "heat")
    asked = {
        "features": (FeaturesRequest(split="train"),),
        "heat": heat,
        "illusion": (IllusionRequest(class_index=0, neurons=(3,), steps=3), str(tmp_path / "seen")),
        "edit": (EditRequest(classes=(0,), method="ratio", epochs=2, seeds=2),),
    }
    found = {name: jobs.records(*words) for name, words in asked.items()}
    ours = list(here.heat(*heat))[-1]
    assert found["heat"][-1] == ours
    edit = found["edit"][-1]
    out = str(tmp_path / "mended.safetensors")
    *_, exported = jobs.records(ExportRequest(edit=edit.id, out=out))
    assert isinstance(exported, Exported)
    assert Path(out).is_file()
    assert kinds(found["heat"]) == {Progress, Neuron}
    assert kinds(found["illusion"]) == {Progress, IllusionStep, Illusions}
    assert kinds(found["edit"]) >= {EditEpoch, Edit}


def test_a_trained_checkpoint_becomes_the_workspaces_own(served, tmp_path):
    home = shutil.copytree(served, tmp_path / "ws", ignore=shutil.ignore_patterns("jobs"))
    store = Store(home)
    job = store.submit(TrainRequest(epochs=2, batch_size=8, workers=0), title="", queue="cpu",
                       out=None, interactive=False)  # fmt: skip
    assert Runner(home, "cpu", idle_seconds=0.0).run() == 0
    records = list(follow(store, job.id))
    told = [type(some) for some in records if not isinstance(some, Progress)]
    assert told == [TrainEpoch, TrainEpoch, Trained]
    assert Path(read_source(home).checkpoint).samefile(records[-1].checkpoint)


def test_looking_away_stops_nothing_and_looking_again_shows_all(jobs):
    job = jobs.submit(IllusionRequest(class_index=1, neurons=(5, 6), steps=20, seed=9))
    first = list(islice(follow(jobs.store, job.id), 2))
    records = list(follow(jobs.store, job.id))
    assert records[:2] == first
    steps = [(some.neurons, some.step) for some in records if isinstance(some, IllusionStep)]
    assert steps == [((neuron,), step) for neuron in (5, 6) for step in range(1, 21)]
    assert isinstance(records[-1], Illusions)
    assert jobs.store.view(job.id).state == "done"


def test_an_edit_never_queues_behind_a_drawing(jobs):
    drawing = jobs.submit(IllusionRequest(class_index=1, neurons=(1,), steps=100_000))
    edit = jobs.submit(EditRequest(classes=(1,)))
    assert (drawing.queue, edit.queue) == ("auto", "edits")
    assert isinstance(list(follow(jobs.store, edit.id))[-1], Edit)
    behind = jobs.submit(HeatRequest(class_index=1, neuron=2))
    eventually(lambda: jobs.store.view(drawing.id).state == "running")
    assert jobs.store.view(behind.id).state == "waiting"
    jobs.store.cancel(drawing.id)
    with pytest.raises(JobError, match="was cancelled"):
        list(follow(jobs.store, drawing.id))
    assert isinstance(list(follow(jobs.store, behind.id))[-1], Neuron)


def test_a_failure_is_the_engines_own_sentence(jobs):
    with pytest.raises(JobError, match="No neuron 99999"):
        jobs.records(HeatRequest(class_index=0, neuron=99999), "nowhere")


def test_a_runner_without_its_workspace_leaves(served, tmp_path):
    home = shutil.copytree(served, tmp_path / "ws", ignore=shutil.ignore_patterns("jobs"))
    (home / "jobs").mkdir()
    process = start_runner(home, "cpu")
    eventually(lambda: alive(home))
    shutil.rmtree(home)
    assert process.wait(timeout=30) == 0
    assert not home.exists()


def test_a_runner_leaves_a_workspace_that_took_the_place_of_its_own(served, tmp_path):
    home = shutil.copytree(served, tmp_path / "ws", ignore=shutil.ignore_patterns("jobs"))
    other = shutil.copytree(home, tmp_path / "other")
    for workspace in (home, other):
        (workspace / "jobs").mkdir()
    process = start_runner(home, "cpu")
    eventually(lambda: alive(home))
    home.rename(tmp_path / "old")
    other.rename(home)
    assert process.wait(timeout=30) == 0
    assert not any((home / "jobs").iterdir())


def test_of_two_runners_one_leaves_and_an_idle_one_too(served, tmp_path):
    home = shutil.copytree(served, tmp_path / "ws", ignore=shutil.ignore_patterns("jobs"))
    (home / "jobs").mkdir()
    racers = [start_runner(home, "cpu", "3") for _ in range(2)]
    eventually(lambda: sum(some.poll() is None for some in racers) == 1)
    assert len(alive(home)) == 1
    assert [some.wait(timeout=30) for some in racers] == [0, 0]
    assert alive(home) == []


def test_stopping_interrupts_and_the_next_runner_goes_on(jobs, served):
    job = jobs.submit(IllusionRequest(class_index=2, neurons=(1,), steps=100_000, seed=3))
    eventually(lambda: jobs.store.view(job.id).step > 3)
    pids = [some.process for some in alive(served)]
    stop_runners(served)
    assert not any(map(is_alive, pids))
    assert jobs.store.view(job.id).state == "interrupted"
    before = jobs.store.view(job.id).step
    with pytest.raises(JobError, match="jobs resume"):
        list(follow(jobs.store, job.id))
    resume(jobs.store, job.id)
    eventually(lambda: jobs.store.view(job.id).step > before)
    jobs.store.cancel(job.id)
    eventually(lambda: jobs.store.view(job.id).state == "cancelled")


def test_what_killed_its_runner_does_not_keep_those_behind_from_their_turn(jobs, served):
    killed = jobs.submit(IllusionRequest(class_index=2, neurons=(2,), steps=100_000, seed=4))
    eventually(lambda: jobs.store.view(killed.id).step > 3)
    [runner] = [some.process for some in alive(served) if some.queue == killed.queue]
    os.kill(runner.pid, signal.SIGKILL)
    eventually(lambda: not is_alive(runner))
    behind = jobs.submit(HeatRequest(class_index=2, neuron=2))
    assert isinstance(list(follow(jobs.store, behind.id))[-1], Neuron)
    assert jobs.store.view(killed.id).state == "interrupted"
    # a job is done a moment before its ticket is dropped
    eventually(lambda: jobs.store.tickets.waiting(killed.queue) == [])
    resume(jobs.store, killed.id)
    eventually(lambda: jobs.store.view(killed.id).state == "running")
    jobs.store.cancel(killed.id)
    eventually(lambda: jobs.store.view(killed.id).state == "cancelled")
    assert jobs.store.resume(killed.id).id == killed.id  # at once: its ticket is not lost
    assert jobs.store.tickets.waiting(killed.queue) == [killed.id]
    jobs.store.cancel(killed.id)


def test_a_folder_of_other_content_is_another_model_and_another_clip(served, tmp_path):
    """A warm engine of the old one would answer under the new one's key."""
    home = shutil.copytree(served, tmp_path / "ws", ignore=shutil.ignore_patterns("jobs"))
    folder = tmp_path / "clip"
    folder.mkdir()
    (folder / "open_clip_model.safetensors").write_bytes(b"one")
    write_source(home, structs.replace(read_source(home), clip=f"local-dir:{folder}"))
    store, engine_cache = Store(home), EngineCache(home)
    job = store.submit(HeatRequest(class_index=0, neuron=1), title="", queue="cpu", out=None,
                       interactive=True)  # fmt: skip
    first = engine_cache.engine(job)
    assert engine_cache.engine(job) is first
    (folder / "open_clip_model.safetensors").write_bytes(b"other")
    assert engine_cache.engine(job) is not first


def test_a_runner_in_which_something_unforeseen_failed_begins_anew(store, submit, monkeypatch):
    """As after a GPU's illegal access: nothing works in that process any more."""
    first, second = submit(), submit()

    def failing(job, attempt):
        raise ZeroDivisionError
        yield

    runner = Runner(store.home, "cpu")
    runner.engine_cache.records = failing
    assert runner.run() == 0
    assert runner.crashed
    assert store.view(first.id).state == "failed"
    assert store.tickets.waiting("cpu") == [second.id]
    began = []
    monkeypatch.setattr("neuroinspect_tui.jobs.runner.Runner", lambda *_: runner)
    monkeypatch.setattr("os.setpriority", lambda *_: None)
    monkeypatch.setattr("os.execv", lambda program, words: began.append(words[2:]))
    monkeypatch.setattr(sys, "argv", ["runner", str(store.home), "cpu"])
    runner_main()
    assert began == [["neuroinspect_tui.jobs.runner", str(store.home), "cpu"]]


def test_an_idle_runner_lets_go_of_torch_and_leaves_as_late_as_it_would_have(
    store, submit, monkeypatch
):
    monkeypatch.setattr("neuroinspect_tui.jobs.runner.LOADED_SECONDS", 0.1)
    done = submit()
    runner = Runner(store.home, "cpu", 30.0)
    runner.engine_cache.records = lambda job, attempt: iter(())
    began = []
    monkeypatch.setattr("neuroinspect_tui.jobs.runner.Runner", lambda *_: runner)
    monkeypatch.setattr("os.setpriority", lambda *_: None)
    monkeypatch.setattr("os.execv", lambda program, words: began.append(words[2:]))
    monkeypatch.setattr(sys, "argv", ["runner", str(store.home), "cpu", "30"])
    assert "torch" in sys.modules
    assert runner_main() == 0
    assert store.view(done.id).state == "done"
    [[module, home, queue, idle, already]] = began
    assert (module, home, queue, idle) == (
        "neuroinspect_tui.jobs.runner", str(store.home), "cpu", "30.0"
    )  # fmt: skip
    assert 0.1 < float(already) < 30
    again = Runner(store.home, "cpu", float(idle), 29.9)
    monkeypatch.setattr("neuroinspect_tui.jobs.runner._loaded", lambda: False)
    assert again.run() == 0
    assert not again.begins_anew


def test_a_runner_without_torch_is_small(jobs):
    store = Store(jobs.home)
    store.tickets.make()
    process = start_runner(jobs.home, "idle", "30", "10")
    try:
        [runner] = eventually(lambda: [one for one in alive(jobs.home) if one.queue == "idle"])
        assert runner.process.pid == process.pid
        assert time.time() - runner.idle_since >= 10
        assert psutil.Process(process.pid).memory_info().rss < 200e6
    finally:
        process.terminate()
        process.wait()


def test_a_job_that_cannot_even_begin_keeps_nobody_from_their_turn(store, submit, monkeypatch):
    first, second = submit(), submit()
    real, locked = attempt.write, store.directory(first.id)

    def refused(directory, status):
        if directory == locked:
            raise PermissionError(13, "Permission denied", str(directory / "status.json"))
        real(directory, status)

    monkeypatch.setattr(attempt, "write", refused)
    runner = Runner(store.home, "cpu", idle_seconds=0.0)
    runner.engine_cache.records = lambda job, attempt: iter(())
    assert runner.run() == 0
    assert store.view(second.id).state == "done"
    assert store.view(first.id).state == "interrupted"


def test_a_ticket_is_not_dropped_while_its_job_is_resumed(store, submit):
    job = submit()
    directory, runner = store.directory(job.id), Runner(store.home, "cpu")
    with job_lock(directory):  # written: waiting; the ticket comes when this is released
        runner.take(job.id)
    assert store.tickets.waiting("cpu") == [job.id]
    write_status(directory, Status(state="interrupted"))
    with job_lock(directory):
        runner.take(job.id)
    assert store.tickets.waiting("cpu") == [job.id]
    runner.take(job.id)  # of a runner that was killed
    assert store.tickets.waiting("cpu") == []


def test_the_last_word_is_tried_again(store, submit, monkeypatch):
    job, failures = submit(), [OSError(116, "Stale file handle")] * 2
    real = attempt.write

    def failing(directory, status):
        if status.state == "done" and failures:
            raise failures.pop()
        real(directory, status)

    monkeypatch.setattr(attempt, "write", failing)
    assert attempt.Attempt(store.directory(job.id)).run(lambda *_: iter(())) == "done"
    assert store.view(job.id).state == "done"


def test_one_job_in_the_foreground(served, tmp_path, run):
    home = shutil.copytree(served, tmp_path / "ws", ignore=shutil.ignore_patterns("jobs"))
    store = Store(home)

    def job(request):
        made = store.submit(request, title="", queue="cpu", out=None, interactive=False)
        return store.directory(made.id)

    bad = run("jobs", "run", job(HeatRequest(class_index=0, neuron=99999)))
    assert "No neuron 99999" in bad.err
    assert bad.code == 1
    directory = job(IllusionRequest(class_index=0, neurons=(1,), steps=100_000, size=32))
    stopped = subprocess.Popen(
        [sys.executable, "-m", "neuroinspect_tui", "jobs", "run", str(directory)]
    )
    eventually(lambda: store.status(directory.name).step > 1)
    stopped.send_signal(signal.SIGTERM)
    assert stopped.wait(timeout=10) == 75
    assert store.status(directory.name).state == "interrupted"
    assert run("jobs", "run", job(HeatRequest(class_index=0, neuron=1))).code == 0
    assert store.tickets.before() == {}
