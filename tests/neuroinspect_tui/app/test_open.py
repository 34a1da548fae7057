import os
import subprocess
import sys

import pytest

from neuroinspect_tui.app.terminal import notification
from neuroinspect_tui.cli import NAMES
from neuroinspect_tui.cli.setup.open_app import meant


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """No person's own settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


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
    assert "needs a terminal, but stdin is not one" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.fixture
def on_a_terminal(monkeypatch):
    monkeypatch.setattr("neuroinspect_tui.app.terminal.need_terminal", lambda: None)


@pytest.mark.usefixtures("on_a_terminal")
def test_what_cannot_be_opened_is_refused_in_a_sentence(run, tmp_path):
    ran = run(f"{tmp_path}/nowhere")
    assert (ran.code, "is not a workspace" in ran.err) == (2, True)
    ran = run("--color", "mauve")
    assert (ran.code, "--color" in ran.err, "truecolor" in ran.err) == (2, True, True)
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "workspace.toml").write_text("model = 3")
    ran = run(tmp_path / "ws")
    assert (ran.code, "workspace.toml is wrong" in ran.err) == (2, True)
    ran = run("--theme", "nordd")
    assert (ran.code, "Unknown theme 'nordd'; choose from nord, " in ran.err) == (2, True)


def test_a_notification_ends_where_it_should(monkeypatch):
    monkeypatch.delenv("TMUX", raising=False)
    body = r"b,\x1b\x07c"
    told = f"\x1b]9;a: {body}\x1b\\\x1b]777;notify;a;{body}\x1b\\"
    assert notification("a", "b;\x1b\x07c") == told
    monkeypatch.setenv("TMUX", "x")
    assert notification("a", "b").startswith("\x1bPtmux;\x1b\x1b]9;a: b\x1b\x1b\\")


OPENED = """
import asyncio, sys
from pathlib import Path
from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.config import Config

async def main():
    async with NeuroinspectApp(Config(), LocalWorkspace, Path(sys.argv[1])).run_test() as pilot:
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


@pytest.mark.parametrize(
    ("term", "colorterm", "config", "found"),
    [
        ("xterm-256color", "", "", "256 (TERM=xterm-256color, COLORTERM=); more, where"),
        ("xterm", "truecolor", "", "truecolor (TERM=xterm, COLORTERM=truecolor)"),
        ("linux", "", "", "16 (TERM=linux"),
        ("linux", "", 'color = "256"', "256 (TERM=linux, COLORTERM=, config.toml says 256)"),
        ("xterm", "", 'color = "mauve"', "config.toml is wrong"),
    ],
)
def test_the_doctor_tells_the_colours_and_why(
    term, colorterm, config, found, monkeypatch, tmp_path
):
    from neuroinspect_tui.doctor import examine

    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", colorterm)
    monkeypatch.setattr("neuroinspect_tui.doctor._devices", lambda: "none")
    monkeypatch.setattr("neuroinspect_tui.config.config_path", lambda: tmp_path / "config.toml")
    (tmp_path / "config.toml").write_text(config)
    [colours] = [check for check in examine(tmp_path) if check.what == "colours"]
    assert found in colours.found
    assert colours.state == ("failed" if "wrong" in found else "ok")


@pytest.mark.parametrize(
    ("environment", "config", "found"),
    [
        ({"TERM": "xterm-256color"}, "", "quadrant (the terminal was not asked"),
        ({"TERM": "linux"}, "", "half ("),
        ({"TERM": "alacritty"}, "", "sextant ("),
        ({"TERM": "alacritty"}, 'pictures = "half"', "config.toml says half"),
        ({"TERM": "tmux-256color", "TMUX": "/nowhere,1,0"}, "", "set -g allow-passthrough on"),
        ({"TERM": "xterm"}, 'pictures = "oils"', "Unknown picture renderer 'oils'"),
    ],
    ids=str,
)
def test_the_doctor_tells_what_draws_pictures_and_why(
    environment, config, found, monkeypatch, tmp_path
):
    from neuroinspect_tui.doctor import examine

    for name in ("TMUX", "NO_COLOR", "TERM_PROGRAM", "VTE_VERSION", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("neuroinspect_tui.doctor._devices", lambda: "none")
    monkeypatch.setattr("neuroinspect_tui.config.config_path", lambda: tmp_path / "config.toml")
    (tmp_path / "config.toml").write_text(config)
    [pictures] = [check for check in examine(tmp_path) if check.what == "pictures"]
    assert found in pictures.found
    assert pictures.state == ("failed" if "Unknown" in found else "ok")


@pytest.mark.parametrize(
    ("terminal", "words", "opens"),
    [(True, (), True), (True, ("--no-open",), False), (True, ("--json",), False),
     (False, (), False)],
)  # fmt: skip
def test_the_demo_ends_in_the_app_on_a_terminal(terminal, words, opens, run, monkeypatch, tmp_path):
    became = []
    monkeypatch.setattr("neuroinspect_tui.cli.setup.demo.is_terminal", lambda: terminal)
    monkeypatch.setattr(
        "neuroinspect_tui.cli.setup.demo.os.execv", lambda _, words: became.append(words)
    )
    monkeypatch.setattr("neuroinspect_tui.demo.build.make_parts", lambda plan: iter(()))
    monkeypatch.setattr("neuroinspect_tui.demo.story.Story", lambda plan: Told())
    assert run("demo", "--dir", tmp_path, *words).code == 0
    assert [some[-2:] for some in became] == ([["open", str(tmp_path)]] if opens else [])


class Told:
    def tell(self):
        yield "It is told."


def test_after_the_demo_the_app_comes_back(monkeypatch, tmp_path, run):
    """The start screen's `d`: leave, make it in the terminal, open it."""
    opened = []

    class App:
        active, workspace, return_code = 0, None, 0

        def __init__(self, config, open_workspace, at, said, terminal):
            opened.append((at, bool(said)))

        def run(self, *, mouse):
            return "demo" if len(opened) == 1 else None

    ran = []
    monkeypatch.setattr("neuroinspect_tui.app.terminal.need_terminal", lambda: None)
    monkeypatch.setattr("neuroinspect_tui.app.app.NeuroinspectApp", App)
    monkeypatch.setattr("subprocess.call", lambda words: ran.append(words[-2:]) or 0)
    monkeypatch.setattr("neuroinspect_tui.cli.setup.open_app.demo_home", lambda: tmp_path / "demo")
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty").code == 0
    assert opened == [(tmp_path / "empty", True), (tmp_path / "demo", False)]
    assert ran == [["demo", "--no-open"]]


def test_jobs_that_continue_are_named_on_leaving(monkeypatch, filled, run):
    class App:
        active, return_code = 2, 0

        def __init__(self, config, open_workspace, at, said, terminal):
            self.workspace = open_workspace(at)

        def run(self, *, mouse):
            return None

    monkeypatch.setattr("neuroinspect_tui.app.terminal.need_terminal", lambda: None)
    monkeypatch.setattr("neuroinspect_tui.app.app.NeuroinspectApp", App)
    at = filled.resolve()
    told = f"2 jobs continue; list them with: neuroinspect-tui jobs list -w {at}\n"
    assert run(filled, "--no-mouse").err == told
