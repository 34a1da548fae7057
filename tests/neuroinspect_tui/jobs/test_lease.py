"""One job at a time on a GPU, and a reason for those that wait. No GPU is needed to test it."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from types import SimpleNamespace

import pytest
import torch
from filelock import Timeout

from engine.io.atomic import write_json
from engine.schema.errors import StorageError
from engine.schema.requests import HeatRequest
from neuroinspect_tui.jobs.job import Job, JobError, Status
from neuroinspect_tui.jobs.lease import GIB, Gpu, Holder, leased, shared_root

pytestmark = pytest.mark.filterwarnings("default")


class Fake(Gpu):
    """A GPU with as much memory as a test says."""

    def __init__(self, root, free=80.0, uuid="GPU-1"):
        super().__init__(0, uuid, root)
        self.free = free

    def memory(self):
        return int(self.free * GIB), 79 * GIB


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("neuroinspect_tui.jobs.lease.LOOK_SECONDS", 0.0)


def test_a_free_gpu_is_had_at_once(tmp_path):
    gpu = Fake(tmp_path)
    assert list(gpu.wait("illusion")) == []
    assert gpu.lock.is_locked


def test_a_second_job_waits_and_says_for_whom(tmp_path):
    first, second = Fake(tmp_path), Fake(tmp_path)
    list(first.wait("illusion"))
    assert next(second.wait("edit")) == "GPU 0 busy"
    write_json(first.note, Holder("2v21p6jn", "draw", 170.0))
    reasons = second.wait("edit")
    assert next(reasons) == "GPU 0 busy: job 2v21p6jn, 3 min left"
    first.lock.release()
    assert list(reasons) == []
    assert second.lock.is_locked


def test_two_cards_that_both_call_themselves_gpu_0_are_had_at_once(tmp_path):
    """As under CUDA_VISIBLE_DEVICES=0 in one shell and =1 in another."""
    one, other = Fake(tmp_path), Fake(tmp_path, uuid="GPU-2")
    assert list(one.wait("illusion")) == list(other.wait("illusion")) == []


def test_locks_lie_where_nobody_else_put_something(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    root = shared_root()
    assert root == shared_root()
    assert root.stat().st_mode & 0o777 == 0o700
    root.rmdir()
    root.symlink_to(tmp_path)
    with pytest.raises(JobError, match="not a directory of yours"):
        shared_root()


def test_scarce_memory_is_waited_for_and_the_lock_is_not_kept_meanwhile(tmp_path):
    gpu, other = Fake(tmp_path, free=2.1), Fake(tmp_path)
    reasons = gpu.wait("train")
    assert next(reasons) == "GPU 0: 2.1 of 79 GiB free, needs about 6"
    assert list(other.wait("edit")) == []
    other.lock.release()
    gpu.free = 7.0
    assert list(reasons) == []


def test_a_runner_with_a_long_queue_lets_another_between_its_jobs(tmp_path):
    greedy, patient = Fake(tmp_path), Fake(tmp_path)
    list(greedy.wait("illusion"))
    turns = patient.wait("illusion")
    assert "busy" in next(turns)
    greedy.lock.release()  # and at once its next job
    again = Fake(tmp_path).wait("illusion")
    assert "busy" in next(again)
    assert list(turns) == []
    patient.lock.release()
    assert list(again) == []


def test_who_gives_up_waiting_leaves_its_turn_to_others(tmp_path):
    holder, gone, third = Fake(tmp_path), Fake(tmp_path), Fake(tmp_path)
    list(holder.wait("heat"))
    turns = gone.wait("heat")
    next(turns)
    turns.close()
    holder.lock.release()
    assert list(third.wait("heat")) == []


def test_a_full_disk_costs_no_job(tmp_path, monkeypatch):
    def full(path, value):
        raise StorageError("Cannot write it.")

    monkeypatch.setattr("neuroinspect_tui.jobs.lease.write_json", full)
    gpu = Fake(tmp_path)
    gpu.learn("illusion", GIB)
    gpu.tell(Holder("2v21p6jn", "draw"))
    assert gpu.busy() == "GPU 0 busy"


class Engine:
    """One on a GPU."""

    device = torch.device("cuda", 0)


class Said:
    """An attempt that remembers what it said."""

    def __init__(self):
        self.on_beat = lambda status: None
        self.said = []

    def say(self, **changes):
        self.said.append(changes)


def beat(attempt, seconds_left):
    """As the heartbeat does, in a thread of its own."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(attempt.on_beat, Status(seconds_left=seconds_left)).result()


def test_who_has_the_gpu_is_told_while_the_job_runs_and_never_after(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: SimpleNamespace(uuid="u"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda i: (70 * GIB, 79 * GIB))
    for name in ("memory_reserved", "max_memory_reserved", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda i: 0)
    emptied = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    job = Job(id="2v21p6jn", title="draw", queue="cuda", created=0.0,
              request=HeatRequest(class_index=0, neuron=1))  # fmt: skip
    attempt, gpu = Said(), Gpu(0, "u")
    with leased(Engine(), job, attempt) as waiting:
        beat(attempt, 200.0)  # before it has it: says nothing
        assert gpu.busy() == "GPU 0 busy"
        assert list(waiting) == []
        assert gpu.busy() == "GPU 0 busy: job 2v21p6jn"
        beat(attempt, 200.0)
        assert gpu.busy() == "GPU 0 busy: job 2v21p6jn, 3 min left"
        with pytest.raises(Timeout):
            gpu.lock.acquire(timeout=0)
    gpu.lock.acquire(timeout=0)
    assert emptied == [True]
    gpu.note.unlink()
    beat(attempt, 100.0)  # a late one
    assert not gpu.note.exists()


def test_what_a_kind_of_job_used_is_what_the_next_one_needs(tmp_path):
    gpu = Fake(tmp_path, free=10.0)
    gpu.learn("illusion", 12 * GIB)
    assert "needs about 12" in next(iter(islice(gpu.wait("illusion"), 1)))
    assert list(gpu.wait("heat")) == []


def test_a_job_larger_than_the_gpu_is_tried_when_it_is_empty(tmp_path):
    gpu = Fake(tmp_path, free=78.0)
    gpu.learn("train", 200 * GIB)
    assert list(gpu.wait("train")) == []
