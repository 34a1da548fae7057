"""The whole, as a person has it: tmux, ssh, the app, its runner, and nothing but keys."""

import os
import re
import shlex
import signal
from pathlib import Path

import pytest
import timm
import torch
from safetensors.numpy import load_file

from engine.data.images import decode
from engine.data.splits import open_split
from engine.editing.store import list_edits
from faults.terminals import Sshd
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.workspace import read_source
from tests.neuroinspect_tui.conftest import filled, filled_once, run  # noqa: F401  fixtures
from tests.terminal.pane import Pane, program, tmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not tmux(), reason="no tmux on this machine"),
]


@pytest.fixture
def connect(filled, tmp_path):  # noqa: F811
    """Opens the app in a new terminal: over ssh where there is an sshd, else in the pane itself."""
    panes = []
    try:
        sshd = Sshd(tmp_path / "sshd")
    except FileNotFoundError:
        sshd = None

    def connecting():
        words = program(filled)
        if sshd is not None:
            words = [*sshd.command()[:-1], "-tt", "127.0.0.1", shlex.join(words)]
        root = tmp_path / f"pane{len(panes)}"
        root.mkdir()
        panes.append(Pane(root, words))
        return panes[-1]

    try:
        if sshd is None:
            yield connecting
        else:
            with sshd:
                yield connecting
    finally:
        for pane in panes:
            pane.close()
        stop_runners(filled)


def test_from_the_worst_class_to_an_exported_edit(connect, filled):  # noqa: F811
    pane = connect()
    worst = re.search(r"▶ (\S+(?: \S+)*?)  ", pane.wait("▶ .*%"))[1]
    pane.press("Enter")
    pane.wait(rf"{worst} › \d+ mistakes? of 10")
    pane.press("n")
    pane.wait(r"too weak \(insufficient\)")
    pane.press("Space", "j", "Space")
    pane.wait("2 selected")

    pane.press("v")
    pane.wait(r"step [1-9]\d*/450")
    pane.press("Escape")  # it goes on by itself
    pane.wait(r"too weak \(insufficient\)")

    pane.press("w")
    pane.wait("computed in")
    pane.press("e")
    pane.wait(r"neurons +\d+ \d+")
    pane.press("Down")  # from the button round to the method
    while (method := re.search(r"method +◀ (\w+) ▶", pane.screen())[1]) != "ratio":
        pane.press("Right")
        pane.wait(rf"method +◀ (?!{method} )\w+ ▶")  # a slow link shows it later
    pane.press("C-r")
    pane.wait("importing torch")  # once it is through, so few images are trained on in no time
    os.kill(pane.process(), signal.SIGKILL)  # the connection, in the middle of the edit
    [job] = [view for view in Store(filled).views() if view.kind == "edit"]
    assert job.state == "running"

    pane = connect()
    pane.wait(f"▶ {worst}")
    pane.press("J")
    pane.wait(f"[●✓] .*edit {worst}")
    pane.wait(f"[●✓] .*draw {worst}")
    pane.press("Enter")
    pane.wait("verdict", 240)
    pane.press("K")
    pane.wait("(?<!not )applied")
    pane.press("x")
    pane.wait("safetensors")
    pane.press("Enter")
    pane.wait("create_model")
    pane.press("q")
    keeps_its_promise(filled)
    assert list((filled / "illusions").rglob("class*.png"))


def keeps_its_promise(home):
    """The exported checkpoint, in timm alone, is as right as the edit said."""
    [out] = home.glob("*.safetensors")
    [edit] = [some for some in list_edits(home / "edits") if some.id in out.stem]
    source = read_source(home)
    split = open_split(source, source.eval_split)
    model = timm.create_model(source.model, num_classes=3, checkpoint_path=str(out)).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    rows = load_file(home / "edits" / edit.id / "head.safetensors")["held_out"]
    right = 0
    for row in rows.tolist():
        image = decode(Path(split.root) / split.samples[row].path)
        with torch.inference_mode():
            right += int(model(transform(image)[None]).argmax()) == split.samples[row].label
    assert right / len(rows) == pytest.approx(edit.after.overall)
