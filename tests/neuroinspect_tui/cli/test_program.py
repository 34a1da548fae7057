"""The program as a whole: its version, -w before the command, lines that work when pasted."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest

from neuroinspect_tui.cli import HIDDEN, NAMES
from neuroinspect_tui.cli.setup.open_app import meant
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.program import NAME, command_line

VERSION = """
import sys
from neuroinspect_tui.main import main
sys.argv[1:] = ["--version"]
try:
    main()
finally:
    print([name for name in ("torch", "numpy", "textual") if name in sys.modules])
"""


def test_the_version_is_the_installed_one_and_costs_no_import():
    ran = subprocess.run(
        [sys.executable, "-c", VERSION], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == [f"{NAME} {version(NAME)}", "[]"]


def test_the_commands_of_0_1_still_work_and_are_not_listed(filled, run):
    assert run("keep", "-w", filled).out == "No edit is applied.\n"
    listed = re.findall(r"^  (\w+)  ", run("--help").out, re.MULTILINE)
    assert sorted(listed) == sorted(set(NAMES) - set(HIDDEN))


@pytest.mark.parametrize(
    ("words", "becomes"),
    [
        (["-w", "ws"], ["-w", "ws", "open"]),
        (["-w", "ws", "--slow-link"], ["-w", "ws", "open", "--slow-link"]),
        (["--workspace=ws"], ["--workspace=ws", "open"]),
        (["-wws", "classes"], ["-wws", "classes"]),
        (["--workspace", "ws", "classes"], ["--workspace", "ws", "classes"]),
        (["-w"], ["-w", "open"]),
    ],
)
def test_a_workspace_alone_opens_the_app(words, becomes):
    assert meant(words, NAMES) == becomes


def test_a_workspace_may_stand_before_the_command(filled, run, tmp_path):
    here = run("classes", "-w", filled)
    assert here.code == 0
    assert run("-w", filled, "classes") == here
    assert (
        run("--workspace", filled, "jobs", "list").out
        == "No jobs yet; add --detach to a command to make one.\n"
    )
    assert run("-w", filled, "classes", "-w", filled) == here
    ran = run("-w", filled, "classes", "-w", tmp_path)
    assert ran.code == 2
    assert ran.err == f"{NAME}: -w names two workspaces, {filled} and {tmp_path}; give one.\n"
    ran = run("-w", filled, "init", tmp_path / "new", "--model", "x", "--data", "y")
    assert ran.code == 2
    assert "takes no -w" in ran.err
    assert not (tmp_path / "new").exists()


def test_the_app_opens_the_workspace_of_either_place(filled, run, monkeypatch, tmp_path):
    opened = []

    class App:
        active, workspace, return_code = 0, None, 0

        def __init__(self, config, open_workspace, at, said, answers):
            opened.append(at)

        def run(self, *, mouse):
            return None

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("neuroinspect_tui.app.terminal.need_terminal", lambda: None)
    monkeypatch.setattr("neuroinspect_tui.app.app.NeuroinspectApp", App)
    for words in (("-w", filled), (filled,), ("open", "-w", filled), ("-w", filled, filled)):
        assert run(*words).code == 0
    assert opened == [filled] * 4
    ran = run("-w", filled, tmp_path)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "Two workspaces are named" in ran.err


def test_a_line_names_the_workspace_only_where_it_must(tmp_path, monkeypatch):
    home = tmp_path / "it's mine"
    (home / "deep").mkdir(parents=True)
    (home / "workspace.toml").touch()
    monkeypatch.chdir(home / "deep")
    assert command_line(home, "jobs", "list") == "neuroinspect-tui jobs list"
    monkeypatch.chdir(tmp_path)
    line = command_line(home, "jobs", "list")
    assert shlex.split(line) == [NAME, "jobs", "list", "-w", str(home.resolve())]
    (tmp_path / "workspace.toml").touch()  # another one is found from here
    assert command_line(home, "jobs", "list") == line


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Runs a line in a shell, in a directory from which no workspace is found."""
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "bin" / NAME
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neuroinspect_tui "$@"\n')
    program.chmod(0o755)
    env = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}

    def pasting(line):
        return subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, check=False, cwd=tmp_path, env=env
        )

    return pasting


def lines(ran):
    """The commands that a run of the program prints to be pasted."""
    return re.findall(rf"{NAME} .*", ran.out + ran.err.removeprefix(f"{NAME}: "))


@pytest.mark.slow
def test_what_a_command_prints_works_when_it_is_pasted_elsewhere(filled, toy, run, shell, tmp_path):
    home = shutil.copytree(filled, tmp_path / "it's mine")
    new = tmp_path / "a new one"
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", toy.data)
    printed = {
        "init": lines(run("init", new, *words)),
        "edit": lines(run("edit", "-w", home, "-c", "1", "--top", "5")),
        "train": lines(run("train", "-w", new, "--epochs", "1", "--workers", "0")),
        "detach": lines(run("classes", "-w", home, "--detach")),
        "unknown": lines(run("jobs", "show", "zzzzzzzz", "-w", home)),
    }
    assert {name: len(found) for name, found in printed.items()} == {
        "init": 1, "edit": 2, "train": 1, "detach": 1, "unknown": 1,
    }  # fmt: skip
    for name in ("detach", "unknown"):  # a shell takes them apart as shlex does the others
        for line in printed.pop(name):
            ran = shell(line)
            assert ran.returncode == 0, (name, line, ran.stderr)
    stop_runners(home)
    for name, found in printed.items():
        for line in found:
            here = run(*shlex.split(line)[1:])
            assert here.code == 0, (name, line, here.err)
    assert (tmp_path / "fixed.safetensors").is_file()


@pytest.mark.slow
def test_a_job_is_resumed_and_followed_by_what_is_printed(
    filled, run, shell, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "neuroinspect_tui.jobs.executors.local.ensure_runner", lambda home, queue: None
    )
    home = shutil.copytree(filled, tmp_path / "it's mine")
    job = run("neuron", "3", "-c", "1", "--out", tmp_path / "heat", "-w", home, "--detach").out
    cancelled = run("jobs", "cancel", job.strip(), "-w", home)
    [resume] = lines(cancelled)
    [again] = lines(run("jobs", "follow", job.strip(), "-w", home))  # it tells how to resume it
    assert again == resume
    try:
        resumed = shell(resume)
        assert resumed.returncode == 0, resumed.stderr
        [follow] = re.findall(rf"{NAME} .*", resumed.stdout)
        followed = shell(follow)
        assert followed.returncode == 0, followed.stderr
        assert "neuron 3: weight" in followed.stdout
        assert Store(home).view(job.strip()).state == "done"
    finally:
        stop_runners(home)
