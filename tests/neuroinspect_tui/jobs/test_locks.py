"""File systems without locks: a sentence that names the cause, or work as usual."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from engine.editing.store import list_edits
from engine.schema.errors import EngineError
from engine.schema.requests import EditRequest, Source
from neuroinspect_tui.jobs.submit import resume, submit
from neuroinspect_tui.marks import applied_edit, select_neurons

REQUEST = EditRequest(classes=(0,), neurons=(1,))


@pytest.fixture
def lockless(monkeypatch):
    """Makes flock fail as it does on NFS without lockd."""

    def failing() -> None:
        def flock(_file: int, _how: int) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", flock)

    return failing


def test_without_locks_a_change_is_refused_and_says_why(store, lockless):
    lockless()
    with pytest.raises(EngineError, match=r"Cannot lock files in .*: No locks available; .*lockd"):
        select_neurons(store.home, 0, (1, 2))


def test_a_job_that_nothing_can_run_is_not_left_waiting(store, lockless):
    lockless()
    source = Source(model="x", checkpoint="none", data="nowhere", device="cpu")
    with pytest.raises(EngineError, match="Cannot lock files"):
        submit(store, REQUEST, source)
    assert store.views() == []
    assert list(store.tickets.root.iterdir()) == []


def test_nor_one_that_was_to_be_resumed(store, lockless, monkeypatch):
    job = store.submit(REQUEST, title="edit", queue="edits", out=None, interactive=True)
    store.cancel(job.id)

    def unable(*_):
        raise EngineError("No runner can be started.")

    monkeypatch.setattr("neuroinspect_tui.jobs.executors.local.ensure_runner", unable)
    with pytest.raises(EngineError, match="No runner"):
        resume(store, job.id)
    [view] = store.views()
    assert view.state == "interrupted"
    assert view.may_go_on is False or store.resume(job.id)


ENOSYS = """
import errno, fcntl, os, sys
def flock(*_):
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
fcntl.flock = flock
from neuroinspect_tui.main import main
sys.argv = ["neuroinspect-tui", *sys.argv[1:]]
main()
"""


def test_where_the_system_has_no_locks_at_all_it_works_and_says_nothing(filled):
    [edit, *_] = list_edits(filled / "edits")
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-c", ENOSYS, "apply", edit.id, "-w", filled],
            capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, "")
    assert applied_edit(filled) == edit.id
