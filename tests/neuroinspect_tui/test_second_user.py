"""A workspace that this user may read and not write: looked at as ever, changed never."""

import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import pytest

from engine.editing.store import list_edits
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.main import main

OTHER = 12345
"""Nobody's user id."""
READING = [
    ["classes"], ["mistakes", "-c", "1"], ["neurons", "-c", "1"], ["neuron", "3", "-c", "1"],
    ["whatif", "-c", "1", "--top", "3"], ["edits"], ["jobs", "list"], ["groups", "list"],
]  # fmt: skip
WRITING = [["apply", "EDIT"], ["edit", "-c", "1", "--detach"]]


def command(words, home):
    edit = list_edits(home / "edits")[0].id
    return ["neuroinspect-tui", *(edit if w == "EDIT" else w for w in words), "-w", str(home)]


@pytest.fixture
def as_other(capfd):
    """Runs something as a user who owns nothing; returns its exit code and what it printed."""

    def running(act):
        with capfd.disabled():  # else it would print to pytest
            return _as_other(act)

    return running


def _as_other(act):
    if os.getuid():
        pytest.skip("only root can be another user")
    read, write = os.pipe()
    if not (child := os.fork()):
        code = 1
        try:
            os.dup2(write, 1)
            os.dup2(write, 2)
            # those of pytest may be of a file, which a pipe is not
            sys.stdout = os.fdopen(1, "w", closefd=False)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(OTHER)
            code = act() or 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        except BaseException:  # noqa: BLE001  the parent reads it
            os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    os.close(write)
    with os.fdopen(read, errors="replace") as said:
        text = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


@pytest.fixture
def readable(filled, toy):
    """A workspace in a place that everybody can reach, as the umask of most people leaves it."""
    root = Path(tempfile.mkdtemp(prefix="readable-"))
    root.chmod(0o755)
    home = shutil.copytree(filled, root / "ws")
    model = Path(toy.checkpoint).parent
    shutil.copytree(model, root / "toy")
    written = home / "workspace.toml"
    written.write_text(written.read_text().replace(str(model), str(root / "toy")))
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield home
    shutil.rmtree(root)


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_commands_that_read_work(words, readable, monkeypatch, run, as_other):
    run(*command(words, readable)[1:])  # extracts what has moved, imports what the other cannot
    for path in readable.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    monkeypatch.setattr(sys, "argv", command(words, readable))
    code, said = as_other(main)
    assert code == 0, said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_commands_that_write_are_refused_in_a_sentence(words, readable, monkeypatch, as_other):
    monkeypatch.setattr(sys, "argv", command(words, readable))
    before = sorted(readable.rglob("*"))
    code, said = as_other(main)
    assert code == 2
    assert len(said.strip().splitlines()) == 1
    assert "Permission denied; it is read-only for you." in said
    assert sorted(readable.rglob("*")) == before


def test_the_app_knows(readable, as_other):
    assert not LocalWorkspace(readable).read_only
    code, said = as_other(lambda: int(not LocalWorkspace(readable).read_only))
    assert code == 0, said
