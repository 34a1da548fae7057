"""Who runs a job: found by name, and asked instead of the runners themselves."""

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from engine.schema import registry
from engine.schema.errors import RequestError
from engine.schema.requests import FeaturesRequest, Source
from neuroinspect_tui.jobs import executors
from neuroinspect_tui.jobs.executors import EXECUTORS
from neuroinspect_tui.jobs.executors.base import Executor
from neuroinspect_tui.jobs.follow import follow
from neuroinspect_tui.jobs.job import JobError, Status, write_status
from neuroinspect_tui.jobs.process import Alive, this_process
from neuroinspect_tui.jobs.submit import resume, submit


class Elsewhere:
    """Marks jobs as done, as if another machine had run them."""

    stopped = 0

    def ensure(self, home, job):
        if job.request.split == "refused":
            raise JobError("The cluster refuses it.")
        write_status(home / "jobs" / job.id, Status(state="done"))

    def alive(self, home):
        return [Alive(this_process(), "elsewhere", 0.0)]

    def stop(self, home):
        self.stopped += 1
        return 2

    def why_waiting(self, home, job, before):
        return f"for priority, before {before or 'nobody'}"

    def log(self, home, job) -> Path:
        return home / "jobs" / job.id / "elsewhere.log"


@pytest.fixture
def elsewhere(monkeypatch):
    """An installed package's executor."""
    point = EntryPoint("elsewhere", f"{__name__}:Elsewhere", "neuroinspect_tui.executors")
    mine = EntryPoints([point])
    monkeypatch.setattr(
        registry, "entry_points", lambda *, group: mine if group == point.group else EntryPoints()
    )
    registry._entry_points.cache_clear()
    yield EXECUTORS.get("elsewhere")
    registry._entry_points.cache_clear()


def source(executor):
    return Source(model="x", checkpoint="none", data="nowhere", device="cpu", executor=executor)


def test_local_is_the_default_and_keeps_the_protocol():
    local: Executor = EXECUTORS.get("local")
    assert Source(model="x", checkpoint="none", data="nowhere").executor == "local"
    assert "local" in EXECUTORS.names()
    assert local.why_waiting(Path(), None, "") == "for the runner"


def test_a_job_is_run_by_the_executor_that_it_was_submitted_to(store, elsewhere):
    job = submit(store, FeaturesRequest(split="valid"), source("elsewhere"))
    assert store.read(job.id).executor == "elsewhere"
    assert list(follow(store, job.id)) == []  # it is asked once more, and says that it is done
    assert store.view(job.id).state == "done"
    write_status(store.directory(job.id), Status(state="failed", error="Full."))
    resume(store, job.id)
    assert store.status(job.id).state == "done"


def test_an_executor_that_refuses_says_why(store, elsewhere):
    with pytest.raises(JobError, match="The cluster refuses it"):
        submit(store, FeaturesRequest(split="refused"), source("elsewhere"))
    assert store.views() == []  # nothing would ever run it


def test_an_executor_says_why_a_job_waits(store, elsewhere):
    def waiting():
        job = store.submit(FeaturesRequest(split="valid"), title="", queue="cpu", out=None,
                           interactive=True, executor="elsewhere")  # fmt: skip
        return job.id, store.view(job.id).waiting

    first, why = waiting()
    assert why == "for priority, before nobody"
    assert waiting()[1] == f"for priority, before {first}"


def test_all_executors_are_listed_and_stopped(store, elsewhere):
    assert [process.queue for process in executors.alive(store.home)] == ["elsewhere"]
    assert executors.stop(store.home) == 2


def test_a_job_of_an_executor_that_is_gone_says_so_and_hides_no_other(store, submit):
    job, other = submit(), store.submit(
        FeaturesRequest(split="valid"), title="", queue="cpu", out=None, interactive=True,
        executor="gone",
    )  # fmt: skip
    views = {view.id: view for view in store.views()}
    assert "Unknown executor 'gone'; choose from local" in views[other.id].waiting
    assert views[job.id].state == "waiting"
    for ask in (lambda: resume(store, other.id), lambda: list(follow(store, other.id))):
        with pytest.raises(RequestError, match="Unknown executor 'gone'"):
            ask()
