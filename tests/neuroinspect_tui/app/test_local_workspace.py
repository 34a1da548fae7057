"""The program behind the screens, over real files and a real runner."""

import shutil
import threading
from types import SimpleNamespace

import pytest
from msgspec import structs

from engine.schema.edits import Edit
from engine.schema.errors import EngineError
from engine.schema.requests import EditRequest, FeaturesRequest
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.jobs.follow import follow

pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(served):
    return LocalWorkspace(served)


def test_a_cache_is_none_until_its_job_ran_then_opened_once(filled, tmp_path):
    bare = shutil.copytree(filled, tmp_path / "bare", ignore=shutil.ignore_patterns("features"))
    assert LocalWorkspace(bare).cache() is None
    workspace = LocalWorkspace(filled)
    assert workspace.cache() is workspace.cache("valid")
    assert workspace.split("valid") is workspace.split("valid")


def test_images_that_are_to_be_read_are_listed_again(workspace, monkeypatch):
    queued = SimpleNamespace(id="queued")
    monkeypatch.setattr(workspace.engine, "submit", lambda *_, **__: queued)
    before = workspace.split("valid")
    assert workspace.submit(FeaturesRequest(split="valid")) == "queued"
    assert workspace.split("valid") is not before


def test_edits_are_listed_and_compared(workspace):
    edits = workspace.edits()
    assert {some.method for some in edits} == {"zero", "ratio"}
    found = workspace.compare(edits[0])
    assert found.after == edits[0].after
    with pytest.raises(EngineError, match="No edit 'nothing'"):
        workspace.compare(structs.replace(edits[0], id="nothing"))


def test_a_job_from_submit_to_its_record(workspace):
    stop = threading.Event()
    job = workspace.submit(EditRequest(classes=(0,), top="3"))
    *_, last = workspace.follow(job, stop)
    assert isinstance(last, Edit)
    [view] = [some for some in workspace.jobs() if some.id == job]
    assert (view.state, view.title) == ("done", "edit red thing, zero")
    assert workspace.runner().startswith("runner edits idle, leaves in 15 min")
    with pytest.raises(EngineError, match="done already"):
        workspace.cancel(job)
    assert workspace.log(job) == []


def test_looking_stops_at_once(store):
    """Nobody takes this job: only `stop` ends the looking."""
    job = store.submit(
        FeaturesRequest(split="valid"), title="", queue="cpu", out=None, interactive=True
    )
    stop = threading.Event()
    stop.set()
    assert list(follow(store, job.id, stop)) == []


def test_a_device_of_ones_own(served):
    assert LocalWorkspace(served, "cpu").source.device == "cpu"
