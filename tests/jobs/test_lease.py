"""One job at a time on a GPU, and a reason for those that wait. No GPU is needed to test it."""

import tempfile
from itertools import islice

import pytest

from engine.files import write_json
from neuroinspect_tui.jobs.job import JobError
from neuroinspect_tui.jobs.lease import GIB, Gpu, Holder, shared_root

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


def test_what_a_kind_of_job_used_is_what_the_next_one_needs(tmp_path):
    gpu = Fake(tmp_path, free=10.0)
    gpu.learn("illusion", 12 * GIB)
    assert "needs about 12" in next(iter(islice(gpu.wait("illusion"), 1)))
    assert list(gpu.wait("heat")) == []


def test_a_job_larger_than_the_gpu_is_tried_when_it_is_empty(tmp_path):
    gpu = Fake(tmp_path, free=78.0)
    gpu.learn("train", 200 * GIB)
    assert list(gpu.wait("train")) == []
