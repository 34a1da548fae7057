"""Which renderer is taken at the other end of a real ssh connection, and within tmux there."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faults.terminals import Sshd
from tests.screens.widgets.pixels.decoding import KittyTerminal, unwrapped
from tests.screens.widgets.pixels.test_pixels import bird
from tests.terminal.emulated import KITTY, XTERM, EmulatedTerminal

sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sshd is None, reason="no sshd on this machine"),
]
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux on this machine")


@pytest.fixture
def connect(tmp_path):
    """Run the gallery at the other end, perhaps with words before it, in a terminal here."""
    file = tmp_path / "bird.png"
    bird(160).save(file)
    terminals = []

    with Sshd(tmp_path / "sshd") as server:

        def connecting(answers, around=(), **options):
            app = [
                "env", f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}", "LANG=C.UTF-8",
                sys.executable, "-m", "tests.terminal.gallery_app", "auto", str(file),
            ]  # fmt: skip
            words = shlex.join([*around, shlex.join(app)] if around else app)
            there = f"cd {shlex.quote(str(Path.cwd()))} && {words}"
            ssh = [*server.command()[:-1], "-tt", "127.0.0.1", there]
            terminals.append(EmulatedTerminal(ssh, answers, **options))
            return terminals[-1]

        yield connecting
        for terminal in terminals:
            terminal.process.kill()
            terminal.process.wait()


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        (KITTY, "kitty"),
        (XTERM | {"\x1b[16t": "\x1b[6;20;9t"}, "sixel"),
        (XTERM | {"\x1b[c": "\x1b[?62;22c"}, "quadrant"),
    ],
    ids=["kitty", "sixel", "cells"],
)
def test_the_terminal_here_is_asked(connect, answers, name):
    connect(answers).wait(f"<{name}:>")


def test_sixel_knows_the_size_of_a_cell_from_ssh(connect):
    connect(XTERM, cell=(9, 20)).wait("<sixel:>")


@needs_tmux
@pytest.mark.parametrize(("passes", "name"), [("on", "kitty"), ("off", "sextant")])
def test_tmux_there(connect, tmp_path, passes, name):
    config = tmp_path / "tmux.conf"
    config.write_text(f"set -g allow-passthrough {passes}\n")
    for attempt in range(5):  # tmux is asked for a tenth of a second, which may be short here
        socket = str(tmp_path / f"socket{attempt}")
        tmux = ["tmux", "-u", "-S", socket, "-f", str(config)]
        answers = KITTY | {"\x1b[>q": KITTY["\x1b[>0q"]}  # as tmux asks
        terminal = connect(answers, [*tmux, "new-session"], size=(80, 24))
        terminal.wait("<(kitty|sextant|quadrant):")
        terminal.quiet(1.0)
        shown = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True)
        terminal.press("q")
        terminal.quiet(1.0)
        if f"<{name}:" in shown.stdout:
            break
    assert f"<{name}:" in shown.stdout
    sent = KittyTerminal().read(unwrapped(terminal.output)).sent
    assert len(sent) == (passes == "on")
