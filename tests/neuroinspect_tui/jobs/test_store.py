"""Job directories: what is read is true, whatever lies there."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import msgspec
import pytest
from msgspec import structs

from engine.schema.requests import EditRequest, FeaturesRequest, HeatRequest
from neuroinspect_tui.jobs.events import read_events
from neuroinspect_tui.jobs.follow import follow
from neuroinspect_tui.jobs.job import (
    JobError,
    Status,
    is_id,
    job_lock,
    new_id,
    read_job,
    read_status,
    write_status,
)
from neuroinspect_tui.jobs.launcher import runner_log
from neuroinspect_tui.jobs.process import Process, is_alive, this_process
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import title_of
from neuroinspect_tui.jobs.tickets import Tickets


def test_ids_sort_by_time_and_are_read_back():
    ids = [new_id(1_760_000_000 + selected / 1000) for selected in range(0, 5000, 7)]
    assert ids == sorted(set(ids))
    assert is_id(ids[0])
    assert not is_id("queue")
    assert not is_id(ids[0].upper() + "X")
    assert new_id(0.0) < ids[0]  # a clock that was set far back


def test_jobs_of_one_moment_are_taken_in_the_order_they_came(store, submit, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_760_000_000.25)
    ids = [submit(interactive=False).id for _ in range(12)]
    assert store.tickets.waiting("cpu") == ids
    assert [view.id for view in store.views()] == ids[::-1]


def test_two_that_submit_at_once_never_share_an_id(store, submit, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_760_000_000.25)
    submit()  # the queue is there
    with ThreadPoolExecutor(8) as threads:
        ids = {job.id for job in threads.map(lambda _: submit(), range(24))}
    assert len(ids) == 24
    assert {view.id for view in store.views()} >= ids
    assert not [path for path in store.root.iterdir() if path.name.startswith(".")]


def test_a_job_is_whole_and_waits_its_turn(store, submit):
    first, second = submit(interactive=False), submit(interactive=False)
    asked = submit(HeatRequest(class_index=0, neuron=3))
    assert store.tickets.waiting("cpu") == [asked.id, first.id, second.id]
    assert store.tickets.waiting("edits") == []
    assert read_job(store.directory(first.id)).request == FeaturesRequest(split="valid")
    views = {view.id: view for view in store.views()}
    assert views[asked.id].waiting == "for the runner"
    assert views[first.id].waiting == f"behind {asked.id}"
    assert views[asked.id].title == "heat maps of neuron 3"
    assert {view.state for view in views.values()} == {"waiting"}


def test_queues_do_not_see_each_other_even_where_one_starts_like_the_other(store, submit):
    one, two = submit(queue="cuda:1"), submit(queue="cuda:10")
    assert store.tickets.waiting("cuda:1") == [one.id]
    assert store.tickets.waiting("cuda:10") == [two.id]
    assert store.tickets.before() == {one.id: "", two.id: ""}


def test_a_running_job_whose_process_is_gone_is_interrupted(store, submit):
    job = submit()
    directory = store.directory(job.id)
    write_status(directory, Status(state="running", process=this_process(), updated=time.time()))
    assert read_status(directory).state == "running"
    for gone in (
        structs.replace(this_process(), started="another-boot:1"),  # the pid was given to another
        structs.replace(this_process(), pid=2**22 - 3),
    ):
        write_status(directory, Status(state="running", process=gone, step=7, total=9))
        assert read_status(directory).state == "interrupted"
        assert store.view(job.id).step == 7


def test_a_process_of_another_host_is_known_by_its_heartbeat_alone(store, submit):
    directory = store.directory(submit().id)
    there = Process(1, "x", "another-host")
    assert is_alive(there) is None
    write_status(directory, Status(state="running", process=there, updated=time.time()))
    assert read_status(directory).state == "running"
    write_status(directory, Status(state="running", process=there, updated=time.time() - 1000))
    assert read_status(directory).state == "interrupted"


def test_a_process_of_another_container_is_known_by_its_lock(store, submit):
    """Its pid is another's here, and its heartbeat may be fresh though it was just killed."""
    directory = store.directory(submit().id)
    there = structs.replace(this_process(), namespace="another")
    write_status(directory, Status(state="running", process=there, updated=time.time()))
    assert read_status(directory).state == "interrupted"
    with job_lock(directory):
        assert read_status(directory).state == "running"


def test_a_submit_that_fails_at_its_very_end_leaves_nothing(store, submit, monkeypatch):
    def full(tickets, job):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Tickets, "put", full)
    with pytest.raises(JobError, match="No space left"):
        submit()
    assert store.views() == []


def test_strangers_in_jobs_are_left_alone_or_named(store, submit):
    job = submit()
    (store.root / "notes.txt").write_text("mine")
    (store.root / "some-folder").mkdir()
    (store.root / "0aaaaaaa").mkdir()
    newer = store.root / "0bbbbbbb"
    newer.mkdir()
    (newer / "job.json").write_text(json.dumps({"version": 99, "id": "0bbbbbbb"}))
    broken = store.root / "0ccccccc"
    broken.mkdir()
    (broken / "job.json").write_text('{"version": 1, "id":')
    views = {view.id: view for view in store.views()}
    assert set(views) == {job.id, "0aaaaaaa", "0bbbbbbb", "0ccccccc"}
    assert "newer version (99)" in views["0bbbbbbb"].error
    assert "damaged" in views["0ccccccc"].error
    assert {views[n].state for n in ("0aaaaaaa", "0bbbbbbb", "0ccccccc")} == {"unknown"}
    with pytest.raises(JobError, match="No job"):
        store.find("0aaaaaaaa")


SPOILT = {
    "not UTF-8": b'{"state": "done", "error": "caf\xe9"}',
    "without end": b"[" * 100_000,
    "no time": b'{"version": 1, "id": "0ddddddd", "title": "", "lane": "cpu", "created": 1e300,'
    b' "request": {"type": "features", "split": "x"}}',
    "empty": b"",
    "zeros": b"\0" * 300,
}


@pytest.mark.parametrize("content", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("name", ["job.json", "status.json", "events.jsonl"])
def test_a_spoilt_file_spoils_one_job_only(store, submit, name, content):
    job, other = submit(), submit()
    directory = store.directory(job.id)
    (directory / name).write_bytes(content)
    views = {view.id: view for view in store.views()}
    assert views[other.id].state == "waiting"
    if name == "job.json":
        assert views[job.id].state == "unknown"
        assert "is damaged" in views[job.id].error
        with pytest.raises(JobError, match="is damaged"):
            list(follow(store, job.id))
    elif name == "status.json":
        assert views[job.id].state in ("interrupted", "waiting")  # or of a newer version
        store.resume(job.id)
    else:
        assert read_events(directory / name, 0)[0] == []


def test_a_job_without_its_ticket_or_its_status_is_interrupted_and_resumes(store, submit):
    job = submit()
    store.tickets.drop(job.queue, job.id)
    assert store.view(job.id).state == "interrupted"
    store.resume(job.id)
    assert store.view(job.id).state == "waiting"
    (store.directory(job.id) / "status.json").write_text('{"state": "runn')
    assert store.view(job.id).state == "interrupted"


def test_a_waiting_job_is_cancelled_at_once_and_can_come_back(store, submit):
    job = submit()
    store.cancel(job.id)
    assert store.tickets.waiting("cpu") == []
    assert store.view(job.id).state == "cancelled"
    with pytest.raises(JobError, match="cancelled already"):
        store.cancel(job.id)
    store.resume(job.id)
    assert store.tickets.waiting("cpu") == [job.id]
    assert not (store.directory(job.id) / "cancel").exists()


@pytest.mark.parametrize("state", ["done", "running"])
def test_what_is_done_or_runs_is_not_resumed(store, submit, state):
    job = submit()
    write_status(store.directory(job.id), Status(state=state, process=this_process()))
    with pytest.raises(JobError, match=state):
        store.resume(job.id)


def test_resuming_what_waits_already_changes_nothing(store, submit):
    job = submit()
    assert store.resume(job.id) == job
    assert store.tickets.waiting("cpu") == [job.id]


def test_a_job_that_is_about_to_stop_is_not_resumed_under_its_feet(store, submit, monkeypatch):
    monkeypatch.setattr("neuroinspect_tui.jobs.store.LEAVING_SECONDS", 0.0)
    job = submit()
    directory = store.directory(job.id)
    write_status(directory, Status(state="interrupted"))
    with job_lock(directory), pytest.raises(JobError, match="about to stop"):
        store.resume(job.id)
    assert store.view(job.id).state == "interrupted"
    store.resume(job.id)
    assert store.view(job.id).state == "waiting"


def test_ids_are_found_by_how_they_begin_or_end(store, submit, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_760_000_000.0)
    first, second = submit(), submit()
    assert store.find(first.id) == store.find(first.id[-3:]) == first.id
    assert store.find(second.id[-2:]) == second.id
    with pytest.raises(JobError, match="2 jobs start or end with"):
        store.find(first.id[:3])
    for wanted in ("", "../../etc", "zzzzzzzz", "../jobs"):
        with pytest.raises(JobError, match="No job"):
            store.find(wanted)


def test_prune_takes_what_is_over_and_old_and_nothing_else(store, submit):
    done, waiting, stopped = submit(), submit(), submit()
    write_status(store.directory(done.id), Status(state="done"))
    write_status(store.directory(stopped.id), Status(state="interrupted"))
    assert store.prune(keep_days=1) == []
    assert store.prune(keep_days=0) == [done.id]
    assert {view.id for view in store.views()} == {waiting.id, stopped.id}
    assert not [path for path in store.root.iterdir() if path.name.startswith(".")]


def test_prune_leaves_a_job_that_somebody_has_resumed(store, submit):
    job = submit()
    write_status(store.directory(job.id), Status(state="failed"))
    with job_lock(store.directory(job.id)):
        assert store.prune(keep_days=0) == []
    assert store.prune(keep_days=0) == [job.id]


def test_prune_takes_what_killed_submitters_left(store, submit):
    job = submit()
    old, fresh = store.root / ".0aaaaaaa", store.root / ".gone-0bbbbbbb"
    old.mkdir(), fresh.mkdir()
    os.utime(old, (1e9, 1e9))
    assert store.prune(keep_days=0) == []
    assert (old.exists(), fresh.exists()) == (False, True)
    assert store.tickets.waiting("cpu") == [job.id]


def test_a_job_that_waits_for_a_gpu_outside_the_queue_waits(store, submit):
    """`jobs run` has taken it from there."""
    job = submit()
    store.tickets.drop(job.queue, job.id)
    directory = store.directory(job.id)
    status = Status(state="waiting", waiting="GPU 0 busy", process=this_process())
    write_status(directory, status)
    assert (store.view(job.id).state, store.view(job.id).waiting) == ("waiting", "GPU 0 busy")
    write_status(directory, structs.replace(status, process=structs.replace(status.process, pid=1)))
    assert store.view(job.id).state == "interrupted"


def test_following_what_nobody_will_run_ends(store, submit):
    job = submit()
    store.tickets.drop(job.queue, job.id)
    with pytest.raises(JobError, match=f"jobs resume {job.id}"):
        list(follow(store, job.id))


def test_runners_that_die_as_they_start_are_no_endless_wait(store, submit, monkeypatch):
    job = submit()
    runner_log(store.home, "cpu").write_text("Traceback\nPermissionError: not here\n")
    dead = SimpleNamespace(returncode=1)
    monkeypatch.setattr(
        "neuroinspect_tui.jobs.executors.local.ensure_runner", lambda home, queue: dead
    )
    monkeypatch.setattr("neuroinspect_tui.jobs.follow.ENSURE_SECONDS", 0.0)
    with pytest.raises(JobError, match="die as they start: PermissionError: not here"):
        list(follow(store, job.id))


def test_a_job_with_a_name_that_cannot_be_kept_is_refused(store):
    with pytest.raises(JobError, match="UTF-8"):
        store.submit(FeaturesRequest(split="x"), title="", queue="cpu", out="caf\udce9",
                     interactive=True)  # fmt: skip
    assert store.views() == []
    assert not [path for path in store.root.iterdir() if path.name.startswith(".")]


def test_a_half_written_line_waits_for_its_rest(tmp_path):
    path = tmp_path / "events.jsonl"
    line = b'{"type":"progress","stage":"a","done":1,"total":2}\n'
    path.write_bytes(line + line[:20])
    records, offset = read_events(path, 0)
    assert [record.done for record in records] == [1]
    with path.open("ab") as file:
        file.write(line[20:] + b"not json\n" + b'{"type":"of_a_newer_version"}\n' + line)
    records, offset = read_events(path, offset)
    assert [record.done for record in records] == [1, 1]
    assert read_events(path, offset) == ([], offset)
    assert read_events(tmp_path / "absent", 5) == ([], 5)


def test_a_workspace_that_cannot_be_written_or_is_gone_is_one_sentence(store, submit, tmp_path):
    (store.home / "jobs").write_text("a file")
    with pytest.raises(JobError, match="Cannot write"):
        submit()
    gone = Store(tmp_path / "gone")
    with pytest.raises(JobError, match="is gone"):
        gone.submit(FeaturesRequest(split="x"), title="", queue="cpu", out=None, interactive=True)
    assert gone.views() == []


def test_titles_name_classes_where_they_are_known():
    request = EditRequest(classes=(1, 0), method="ratio")
    assert title_of(request, ("rose", "tulip")) == "edit tulip and 1 more, ratio"
    assert title_of(request, ()) == "edit class 1 and 1 more, ratio"


def test_every_request_can_be_written_and_read(store, submit):
    from engine.schema.jobs import Request

    for kind in Request.__args__:
        fields = msgspec.structs.fields(kind)
        values = {"split": "a", "class_index": 0, "neuron": 1, "neurons": (1,), "classes": (0,),
                  "edit": "e", "out": "o"}  # fmt: skip
        request = kind(**{f.name: values[f.name] for f in fields if f.required})
        assert read_job(store.directory(submit(request).id)).request == request


def test_a_job_that_is_over_is_read_again_only_when_it_was_written(store, submit, monkeypatch):
    from neuroinspect_tui.jobs import store as module

    old, fresh = submit(), submit()
    write_status(store.directory(old.id), Status(state="failed", error="Full."))
    assert sorted(view.state for view in store.views()) == ["failed", "waiting"]
    read = []
    monkeypatch.setattr(module, "read_job", lambda path: read.append(path.name) or read_job(path))
    assert sorted(view.state for view in store.views()) == ["failed", "waiting"]
    assert read == [fresh.id]
    store.resume(old.id)
    assert {view.state for view in store.views()} == {"waiting"}
    store.cancel(old.id)
    assert sorted(view.state for view in store.views()) == ["cancelled", "waiting"]
