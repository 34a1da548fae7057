import os
import subprocess
import sys

import pytest

from neuroinspect_tui.cli import NAMES
from neuroinspect_tui.cli.tui import meant
from neuroinspect_tui.terminal import notification


@pytest.mark.parametrize(
    ("words", "becomes"),
    [
        ([], ["open"]),
        (["ws"], ["open", "ws"]),
        (["ws", "--slow-link"], ["open", "ws", "--slow-link"]),
        (["--theme", "nord"], ["open", "--theme", "nord"]),
        (["--color=256", "ws"], ["open", "--color=256", "ws"]),
        (["./nowhere"], ["open", "./nowhere"]),
        (["~/ws"], ["open", "~/ws"]),
        (["classes"], ["classes"]),
        (["nowhere"], ["nowhere"]),
        (["--help"], ["--help"]),
    ],
)
def test_no_words_a_directory_or_an_option_of_it_open_the_app(
    words, becomes, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ws").mkdir()
    (tmp_path / "classes").mkdir()  # the command comes first
    assert meant(words, NAMES) == becomes


def test_help_mentions_the_app_first_and_lists_the_commands(run):
    out = run("--help").out
    assert out.index("opens the app") < out.index("Commands:") < out.index("  mistakes ")
    assert "--slow-link" in run("open", "--help").out


@pytest.mark.parametrize("words", [(), ("open",), ("--theme", "nord")])
def test_without_a_terminal_it_refuses_in_a_sentence(run, words):
    ran = run(*words)
    assert ran.code == 2
    assert "needs a terminal, and stdin is none" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.fixture
def on_a_terminal(monkeypatch):
    monkeypatch.setattr("neuroinspect_tui.terminal.need_terminal", lambda: None)


@pytest.mark.usefixtures("on_a_terminal")
def test_what_cannot_be_opened_is_refused_in_a_sentence(run, tmp_path):
    ran = run(f"{tmp_path}/nowhere")
    assert (ran.code, "is no workspace" in ran.err) == (2, True)
    ran = run("--color", "mauve")
    assert (ran.code, "--color 'mauve' is none of auto" in ran.err) == (2, True)
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "workspace.toml").write_text("model = 3")
    ran = run(tmp_path / "ws")
    assert (ran.code, "workspace.toml is wrong" in ran.err) == (2, True)
    ran = run("--theme", "nordd")
    assert (ran.code, "No theme 'nordd'; there are nord, " in ran.err) == (2, True)


def test_a_notification_ends_where_it_should(monkeypatch):
    monkeypatch.delenv("TMUX", raising=False)
    assert notification("a", "b;\x1b\x07c") == "\x1b]9;a: b,c\x1b\\\x1b]777;notify;a;b,c\x1b\\"
    monkeypatch.setenv("TMUX", "x")
    assert notification("a", "b").startswith("\x1bPtmux;\x1b\x1b]9;a: b\x1b\x1b\\")


OPENED = """
import asyncio, sys
from pathlib import Path
from neuroinspect_tui.app import NeuroinspectApp
from neuroinspect_tui.backstage import Workspace
from neuroinspect_tui.config import Config

async def main():
    async with NeuroinspectApp(Config(), Workspace, Path(sys.argv[1])).run_test() as pilot:
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        await pilot.press("J", "escape", "question_mark", "escape")

asyncio.run(main())
print([name for name in ("torch", "torchvision", "timm", "open_clip") if name in sys.modules])
"""


def test_the_app_sees_no_torch(filled, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", OPENED, filled], capture_output=True, text=True, check=False,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"
