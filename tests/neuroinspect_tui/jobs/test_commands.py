"""The `jobs` commands, and --detach."""

import shutil

import msgspec
import pytest

from engine.schema.requests import HeatRequest
from neuroinspect_tui.jobs.job import Status, write_status
from neuroinspect_tui.jobs.store import Store


@pytest.fixture
def no_runner(monkeypatch):
    started = []
    monkeypatch.setattr(
        "neuroinspect_tui.jobs.executors.local.ensure_runner",
        lambda home, queue: started.append(queue),
    )
    return started


def test_no_jobs_yet(run, filled):
    assert "No jobs yet" in run("jobs", "list", "-w", filled).out
    assert run("jobs", "list", "-w", filled, "--json").json == []


@pytest.mark.parametrize(
    ("words", "kind", "queue"),
    [
        (("illusion", "-c", "1", "-n", "3", "--steps", 5), "illusion", "auto"),
        (("edit", "-c", "all"), "edit", "edits"),
        (("edit", "-c", "all", "--method", "ratio"), "edit", "edits-auto"),
        (("edit", "-c", "all", "--method", "ratio", "--device", "cpu"), "edit", "edits"),
        (("train", "--epochs", 2), "train", "auto"),
        (("neuron", "3", "-c", "1", "--out", "seen"), "heat", "auto"),
    ],
)  # fmt: skip
def test_detached_commands_print_an_id_and_nothing_else(run, filled, no_runner, words, kind, queue):
    ran = run(*words, "-w", filled, "--detach")
    assert ran.code == 0
    job_id = ran.out.strip()
    store = Store(filled)
    assert store.view(job_id).kind == kind
    assert no_runner == [queue]
    assert f"jobs follow {job_id}" in ran.err
    shown = run("jobs", "show", job_id[:8], "-w", filled)
    assert "waiting" in shown.out
    assert run("jobs", "list", "-w", filled, "--json").json[0]["id"] == job_id


QUESTIONS = (
    ("classes",),
    ("mistakes", "-c", "1"),
    ("neurons", "-c", "1"),
    ("neuron", "3", "-c", "1"),
    ("whatif", "-c", "1", "--top", "3"),
)


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_detached_questions_are_a_job_that_extracts_features(run, filled, no_runner, words):
    shutil.rmtree(filled / "features")
    job_id = run(*words, "-w", filled, "--detach").out.strip()
    view = Store(filled).view(job_id)
    assert (view.kind, view.state) == ("features", "waiting")
    assert no_runner == ["auto"]


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_where_the_features_are_there_that_job_is_done_at_once(run, filled, no_runner, words):
    job_id = run(*words, "-w", filled, "--detach").out.strip()
    store = Store(filled)
    assert store.view(job_id).state == "done"
    assert store.tickets.before() == {}
    assert no_runner == []
    assert run("jobs", "follow", job_id, "-w", filled).out == "The job is done.\n"


def test_detached_heat_maps_need_no_features_yet(run, filled, no_runner):
    shutil.rmtree(filled / "features")
    words = ("neuron", "3", "-c", "1", "--out", "seen", "--detach")
    assert Store(filled).view(run(*words, "-w", filled).out.strip()).kind == "heat"


def test_another_executor_is_one_sentence_where_it_is_not_installed(run, filled, no_runner):
    ran = run("train", "-w", filled, "--detach", "--executor", "nowhere")
    assert ran.code == 2
    assert ran.err == "neuroinspect-tui: Unknown executor 'nowhere'; choose from local.\n"
    assert "--detach" in run("train", "-w", filled, "--executor", "local").err
    source = filled / "workspace.toml"
    source.write_text(source.read_text().replace('executor = "local"', 'executor = "nowhere"'))
    assert "Unknown executor 'nowhere'" in run("train", "-w", filled, "--detach").err
    assert Store(filled).views() == []
    ran = run("train", "-w", filled, "--detach", "--executor", "local")
    assert Store(filled).read(ran.out.strip()).executor == "local"


def test_cancel_and_prune(run, filled, no_runner):
    job_id = run("illusion", "-c", "1", "-n", "3", "-w", filled, "--detach").out.strip()
    assert "asked to stop" in run("jobs", "cancel", job_id, "-w", filled).out
    assert run("jobs", "cancel", job_id, "-w", filled).code == 2
    assert "1 jobs removed" in run("jobs", "prune", "--older", 0, "-w", filled).out
    assert run("jobs", "show", job_id, "-w", filled).code == 2


def test_following_a_finished_job_tells_all_of_it(run, filled, no_runner):
    store = Store(filled)
    made = store.submit(HeatRequest(class_index=1, neuron=3), title="t", queue="cpu", out=None,
                        interactive=True)  # fmt: skip
    directory = store.directory(made.id)
    line = {"type": "progress", "stage": "reading", "done": 1, "total": 2}
    (directory / "events.jsonl").write_bytes(msgspec.json.encode(line) + b"\n")
    write_status(directory, Status(state="done"))
    lines = run("jobs", "follow", made.id, "-w", filled, "--json").out.splitlines()
    assert [msgspec.json.decode(some)["stage"] for some in lines] == ["reading"]
    assert run("jobs", "follow", made.id, "-w", filled, "--plain").code == 0
    write_status(directory, Status(state="failed", error="It broke."))
    failed = run("jobs", "follow", made.id, "-w", filled)
    assert failed.code == 2
    assert "It broke" in failed.err
    assert f"jobs resume {made.id}" in failed.err


def test_no_runner_is_alive(run, filled):
    assert "No runner is alive" in run("jobs", "runner", "status", "-w", filled).out
    assert run("jobs", "runner", "status", "-w", filled, "--json").json == []
    assert "0 runners stopped" in run("jobs", "runner", "stop", "-w", filled).out


@pytest.mark.parametrize("wanted", ["nothing", "../../etc/passwd", ""])
def test_unknown_jobs_are_one_sentence(run, filled, wanted):
    ran = run("jobs", "follow", wanted, "-w", filled)
    assert ran.code == 2
    assert "No job" in ran.err


def test_a_directory_that_is_no_job(run, tmp_path):
    ran = run("jobs", "run", tmp_path)
    assert ran.code == 2
    assert "is not a job" in ran.err
