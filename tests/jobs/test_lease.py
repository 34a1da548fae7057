"""One job at a time on a GPU, and a reason for those that wait. No GPU is needed to test it."""

from itertools import islice

import pytest

from engine.files import write_json
from neuroinspect_tui.jobs.lease import GIB, Gpu, Holder

pytestmark = pytest.mark.filterwarnings("default")


class Fake(Gpu):
    """A GPU with as much memory as a test says."""

    def __init__(self, root, free=80.0):
        super().__init__(0, root)
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
