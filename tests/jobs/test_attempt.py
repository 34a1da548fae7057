"""One attempt at a job: every ending, and what is on disk after it."""

import logging
import os
import signal

import pytest

from engine.edit_records import EditEpoch
from engine.errors import DataError
from engine.job_records import Record
from engine.records import Exported, IllusionStep, Outcome, Progress
from engine.requests import IllusionRequest
from neuroinspect_tui.jobs.attempt import Attempt, EventLog, Place
from neuroinspect_tui.jobs.job import JobError, read_events, read_status
from neuroinspect_tui.jobs.process import this_process
from neuroinspect_tui.jobs.warm import Warm


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


@pytest.mark.parametrize(("number", "state"), [(signal.SIGTERM, "interrupted"),
                                               (signal.SIGUSR1, "cancelled")])  # fmt: skip
def test_a_signal_ends_it_wherever_it_is(store, submit, number, state):
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
    assert one.run(endless) == state
    assert closed[-1] == "closed"
    assert one.stopped == (number == signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(events(store, job)) == 3


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
    assert attempt(store, job).run(Warm(store.home).records) == "done"
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
    place = Place(IllusionRequest(class_index=0, neurons=(7, 3), steps=10))
    assert place.of(step(10, neuron=7))["step"] == 10
    found = place.of(step(5, neuron=3))
    assert (found["step"], found["total"]) == (15, 20)
