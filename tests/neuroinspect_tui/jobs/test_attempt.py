"""One attempt at a job: every ending, and what is on disk after it."""

import contextlib
import logging
import os
import resource
import signal
import subprocess
import sys
import threading

import pytest

from engine.schema.edits import EditEpoch
from engine.schema.errors import DataError
from engine.schema.jobs import Record
from engine.schema.records import Exported, IllusionStep, Outcome, Progress
from engine.schema.requests import IllusionRequest
from neuroinspect_tui.jobs.attempt import Attempt
from neuroinspect_tui.jobs.engine_cache import EngineCache
from neuroinspect_tui.jobs.events import EventLog, read_events
from neuroinspect_tui.jobs.job import INTERRUPTED, JobError, read_status
from neuroinspect_tui.jobs.process import this_process
from neuroinspect_tui.jobs.progress import JobProgress


def steps(count):
    for done in range(1, count + 1):
        yield Progress(stage="reading", done=done, total=count)


def attempt(store, job):
    return Attempt(store.directory(job.id))


def events(store, job) -> list[Record]:
    return read_events(store.directory(job.id) / "events.jsonl", 0)[0]


def test_a_job_that_ends_well(store, submit):
    job = submit()
    assert attempt(store, job).run(lambda job, attempt: steps(5)) == "done"
    assert [record.done for record in events(store, job)] == [1, 2, 3, 4, 5]
    status = read_status(store.directory(job.id))
    assert (status.state, status.stage, status.error) == ("done", "", "")
    assert status.process == this_process()


def test_an_expected_failure_is_its_sentence_and_no_traceback(store, submit):
    job = submit()

    def failing(job, attempt):
        yield from steps(2)
        raise DataError("No images in nowhere; name another folder.")

    assert attempt(store, job).run(failing) == "failed"
    status = read_status(store.directory(job.id))
    assert (status.state, status.error) == ("failed", "No images in nowhere; name another folder.")
    assert "Traceback" not in "\n".join(store.log(job.id))
    assert status.step == 2


def test_a_fault_of_ours_is_a_sentence_too_and_its_traceback_is_in_the_log(store, submit):
    job = submit()

    def faulty(job, attempt):
        yield from steps(1)
        raise ZeroDivisionError("by nothing")

    assert attempt(store, job).run(faulty) == "failed"
    status = read_status(store.directory(job.id))
    assert "ZeroDivisionError: by nothing" in status.error
    assert "log.txt" in status.error
    assert "Traceback" in "\n".join(store.log(job.id))


def test_a_full_disk_is_named(store, submit):
    job = submit()

    def full(job, attempt):
        yield from steps(1)
        raise OSError(28, "No space left on device", "/somewhere")

    assert attempt(store, job).run(full) == "failed"
    assert "Cannot write /somewhere: No space left" in read_status(store.directory(job.id)).error


def test_a_log_that_cannot_be_closed_ends_nothing(store, submit, monkeypatch):
    def refuse(handler):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logging.FileHandler, "close", refuse)
    job = submit()
    assert attempt(store, job).run(lambda job, attempt: steps(1)) == "done"
    assert read_status(store.directory(job.id)).state == "done"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_interrupts_it_wherever_it_is(store, submit, number):
    job = submit()
    closed = []

    def endless(job, attempt):
        try:
            yield from steps(3)
            os.kill(os.getpid(), number)
            while True:
                closed.append("still here") if len(closed) < 3 else None
        finally:
            closed.append("closed")

    before = signal.getsignal(signal.SIGTERM)
    one = attempt(store, job)
    assert one.run(endless) == "interrupted"
    assert closed[-1] == "closed"
    assert one.stopped
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(events(store, job)) == 3


SLOW_MODULE = """
import os, signal, time
{}
began = time.monotonic()
while time.monotonic() < began + 1.0:
    pass
whole = True
"""


def test_no_module_is_left_imported_by_half(store, submit, tmp_path, monkeypatch):
    """In a runner it would stay so for every job that follows."""
    (tmp_path / "slow_to_import.py").write_text(SLOW_MODULE.format(""))
    monkeypatch.syspath_prepend(tmp_path)
    job = submit()
    done = []

    def importing(job, attempt):
        yield from steps(1)
        store.cancel(job.id)
        import slow_to_import  # type: ignore[import-not-found]

        done.append(slow_to_import.whole)
        while True:
            pass

    assert attempt(store, job).run(importing) == "cancelled"
    assert done == [True]


LEAVING = """
import sys
from pathlib import Path
from engine.schema.records import Progress
from neuroinspect_tui.jobs.attempt import Attempt

def importing(job, attempt):
    yield Progress(stage="importing", done=1, total=2)
    sys.path.insert(0, sys.argv[2])
    import slow_to_leave

Attempt(Path(sys.argv[1])).run(importing)
"""


def test_a_process_that_is_to_leave_does_not_wait_for_an_import(store, submit, tmp_path):
    endless = SLOW_MODULE.format("os.kill(os.getpid(), signal.SIGTERM)").replace("+ 1.0", "+ 1e6")
    (tmp_path / "slow_to_leave.py").write_text(endless)
    directory = store.directory(submit().id)
    words = [sys.executable, "-c", LEAVING, str(directory), str(tmp_path)]
    assert subprocess.run(words, timeout=60, check=False).returncode == INTERRUPTED
    assert read_status(directory).state == "interrupted"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_nobody_heard_is_said_again(store, submit):
    job = submit()

    class Deaf:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                pass

    def swallowing(job, attempt):
        yield from steps(1)
        Deaf()
        yield from steps(1)
        pytest.fail("it went on")

    assert attempt(store, job).run(swallowing) == "interrupted"
    assert len(events(store, job)) == 2


def test_whatever_a_signal_tears_on_its_way_it_was_interrupted(store, submit):
    job = submit()

    def torn(job, attempt):
        yield from steps(1)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                pass
        finally:
            raise RuntimeError("DataLoader worker is killed by signal")

    assert attempt(store, job).run(torn) == "interrupted"
    assert read_status(store.directory(job.id)).error == ""


NATIVE = """
import hashlib, sys, threading
from pathlib import Path
from engine.schema.records import Progress
from neuroinspect_tui.jobs.attempt import Attempt

def deep(job, attempt):
    yield Progress(stage="deep", done=1, total=2)
    # told once the main thread is in native code, where no handler of Python's runs
    threading.Timer(1.0, print, ["deep"], {"flush": True}).start()
    hashlib.pbkdf2_hmac("sha256", b"native code", b"without the GIL", 2_000_000_000)

Attempt(Path(sys.argv[1])).run(deep)
"""


@pytest.mark.slow
def test_a_computation_that_never_listens_is_left_in_time(store, submit):
    """Python's own handlers wait for the main thread, which is in native code."""
    directory = store.directory(submit().id)
    with subprocess.Popen(
        [sys.executable, "-c", NATIVE, str(directory)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"deep\n"
        process.terminate()
        assert process.wait(timeout=60) == INTERRUPTED  # 0 where it came to its end
    assert read_status(directory).state == "interrupted"


def test_a_disk_that_fails_for_a_moment_ends_nothing(store, submit, monkeypatch):
    job = submit()
    real = type(store.root).stat

    failures, failed_often = [], threading.Event()

    def failing(path, **how):
        if path.name in ("cancel", job.id):
            failures.append(path.name)
            if len(failures) >= 3:  # once more than a job that is gone has to be seen missing
                failed_often.set()
            raise OSError(116, "Stale file handle")
        return real(path, **how)

    def slow(job, attempt):
        with monkeypatch.context() as patch:
            patch.setattr(type(store.root), "stat", failing)
            assert failed_often.wait(timeout=60)
        store.cancel(job.id)
        yield from steps(1)
        while True:
            pass

    assert attempt(store, job).run(slow) == "cancelled"


def test_a_line_that_only_half_fits_on_the_disk_is_a_full_disk(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append(epoch(1))
        whole = path.stat().st_size
        with largest_file(whole + 20), pytest.raises(OSError, match="No space left"):
            log.append(epoch(2))
    assert path.stat().st_size == whole + 20
    assert read_events(path, 0) == ([epoch(1)], whole)


@contextlib.contextmanager
def largest_file(size):
    """Let the kernel write no more of a line than fits, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_sentence_with_a_name_that_is_not_utf8(store, submit):
    job = submit()

    def failing(job, attempt):
        yield from steps(1)
        raise DataError("Cannot read caf\udce9.jpg.")

    assert attempt(store, job).run(failing) == "failed"
    assert read_status(store.directory(job.id)).error == "Cannot read caf?.jpg."


def test_a_cancel_that_came_before_it_started(store, submit):
    job = submit()
    (store.directory(job.id) / "cancel").touch()
    assert attempt(store, job).run(lambda job, attempt: steps(5)) == "cancelled"
    assert events(store, job) == []


def test_a_cancel_in_the_middle_is_noticed(store, submit):
    job = submit()

    def endless(job, attempt):
        yield from steps(1)
        store.cancel(job.id)
        while True:
            yield Progress(stage="on and on", done=0, total=0)

    assert attempt(store, job).run(endless) == "cancelled"


def test_a_job_killed_after_its_answer_is_not_asked_again(store, submit):
    job = submit()
    before = Outcome(overall=0.5, target=None, worst_class=None, worst_group=None)
    answer = Exported(edit="e", checkpoint="there.safetensors", after=before)
    with EventLog(store.directory(job.id) / "events.jsonl") as log:
        log.append(answer)
    assert attempt(store, job).run(EngineCache(store.home).records) == "done"
    assert events(store, job) == [answer]


def test_no_two_processes_run_one_job(store, submit):
    job = submit()

    def inner(inner_job, outer):
        with pytest.raises(JobError, match="by another process"):
            Attempt(store.directory(job.id)).run(lambda job, attempt: steps(1))
        yield from steps(1)

    assert attempt(store, job).run(inner) == "done"


def epoch(number):
    same = Outcome(overall=0.5, target=None, worst_class=None, worst_group=None)
    return EditEpoch(epoch=number, epochs=4, edit=same, controls={}, seconds_left=0.0)


def step(number, neuron=3):
    return IllusionStep(step=number, steps=10, neurons=(neuron,), activations=(0.0,))


def test_what_was_redone_is_written_once(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        for record in (epoch(1), epoch(2), step(1), step(2)):
            log.append(record)
    with path.open("ab") as file:
        file.write(b'{"type":"edit_epoch","epo')  # cut by a kill
    with EventLog(path) as log:
        for record in (epoch(2), epoch(3), step(2), step(3), step(1, neuron=4)):
            log.append(record)
    found, offset = read_events(path, 0)
    assert found == [epoch(1), epoch(2), step(1), step(2), epoch(3), step(3), step(1, neuron=4)]
    assert offset == path.stat().st_size


def test_a_drawing_counts_steps_over_all_its_neurons():
    place = JobProgress(IllusionRequest(class_index=0, neurons=(7, 3), steps=10))
    assert place.of(step(10, neuron=7))["step"] == 10
    found = place.of(step(5, neuron=3))
    assert (found["step"], found["total"]) == (15, 20)
