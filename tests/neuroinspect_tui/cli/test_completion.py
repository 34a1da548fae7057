"""What a shell offers after Tab, by the protocol that its installed script speaks."""

import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from neuroinspect_tui.cli.completion import VARIABLE
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.program import NAME

RUN = (sys.executable, "-m", "neuroinspect_tui")
SHELLS = ("bash", "zsh", "fish")


@pytest.fixture
def offered(run, monkeypatch):
    """The values that a shell would offer for a command line that ends at the cursor."""

    def offering(shell, typed, cwd=None):
        words = typed.split(" ")
        asked = {
            "bash": {"COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)},
            "zsh": {"_TYPER_COMPLETE_ARGS": typed},
            "fish": {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args",
                     "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1]},
        }[shell]  # fmt: skip
        with monkeypatch.context() as patch:
            for name, value in (asked | {VARIABLE: f"complete_{shell}"}).items():
                patch.setenv(name, value)
            if cwd is not None:
                patch.chdir(cwd)
            ran = run()
        assert (ran.code, ran.err) == (0, "")
        if shell == "zsh":  # _arguments '*: :(("value":"help"
            inside = ran.out.partition("((")[2].rpartition("))")[0]
            return [line.partition('":"')[0].strip('"') for line in inside.splitlines() if line]
        return [line.partition("\t")[0] for line in ran.out.splitlines() if line]

    return offering


@pytest.fixture
def detached(run, monkeypatch):
    """Submits a job that no runner takes, and returns its id."""
    monkeypatch.setattr(
        "neuroinspect_tui.jobs.executors.local.ensure_runner", lambda home, queue: None
    )
    return lambda home: run("classes", "-w", home, "--detach").out.strip()


@pytest.fixture
def named(filled):
    """A workspace with a job, and its edits and classes."""
    edits = {path.name for path in (filled / "edits").glob("[!.]*")}
    meta = json.loads(next(filled.glob("features/*/meta.json")).read_text())
    assert meta["folders"][0] == "001_red_thing"
    return filled, edits


@pytest.mark.parametrize("shell", SHELLS)
def test_names_of_the_workspace_are_offered(named, shell, offered, detached):
    home, edits = named
    job = detached(home)
    red = "red\\ thing" if shell == "bash" else "red thing"
    assert offered(shell, f"{NAME} mistakes -w {home} --class r") == [red]
    assert set(offered(shell, f"{NAME} compare -w {home} 2")) == edits
    assert set(offered(shell, f"{NAME} -w {home} apply 2")) == edits
    assert offered(shell, f"{NAME} jobs follow -w {home} {job[:3]}") == [job]
    assert offered(shell, f"{NAME} train -w {home} --executor l") == ["local"]


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_options_and_choices_are_offered(shell, offered):
    assert offered(shell, f"{NAME} mista") == ["mistakes"]
    assert "keep" not in offered(shell, f"{NAME} ")
    assert offered(shell, f"{NAME} classes --so") == ["--sort"]
    assert set(offered(shell, f"{NAME} classes --sort ")) == {"accuracy", "name", "n"}


@pytest.mark.parametrize("shell", SHELLS)
def test_where_nothing_can_be_read_nothing_is_offered(named, shell, offered, tmp_path):
    home, _ = named
    (tmp_path / "empty").mkdir()
    for words in ("mistakes --class ", "compare ", "jobs follow "):
        assert offered(shell, f"{NAME} {words}", cwd=tmp_path / "empty") == []
    (home / "workspace.toml").write_bytes(b"\xff not TOML")
    shutil.rmtree(home / "edits")
    for words in ("mistakes --class ", "compare ", "jobs follow "):
        assert offered(shell, f"{NAME} {words}", cwd=home) == []


def test_a_typed_part_is_found_in_any_case_and_with_its_space(named, offered):
    home, _ = named
    assert offered("bash", f"{NAME} mistakes -w {home} --class GRE") == ["green\\ thing"]
    asked = shlex.join((NAME, "neurons", "-w", str(home), "-c", "red t"))
    assert offered("fish", asked) == ["red thing"]


def test_classes_of_an_image_folder_are_known_before_its_features(named, offered):
    home, _ = named
    shutil.rmtree(home / "features")
    found = offered("fish", f"{NAME} edit -w {home} -c ", cwd=home)
    assert found == ["red thing", "green thing", "blue"]


def test_jobs_come_with_their_titles(named, detached):
    home, _ = named
    job = detached(home)
    assert Store(home).view(job).title == "extract features of valid"
    ran = subprocess.run(
        RUN, capture_output=True, text=True, check=True, cwd=home,
        env=os.environ | {
            VARIABLE: "complete_fish",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_TYPER_COMPLETE_ARGS": f"{NAME} jobs show ",
        },
    )  # fmt: skip
    assert ran.stdout.splitlines() == [f"{job}\textract features of valid"]


SHELL = """
source <({program} --show-completion bash)
COMP_WORDS=(neuroinspect-tui mistakes -w {home} -c re) COMP_CWORD=5
_neuroinspect_tui_completion neuroinspect-tui
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def test_the_script_that_bash_installs_asks_it(named, tmp_path):
    home, _ = named
    program = tmp_path / "bin" / NAME
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neuroinspect_tui "$@"\n')
    program.chmod(0o755)
    ran = subprocess.run(
        ["bash", "-c", SHELL.format(program=program, home=home)],
        capture_output=True, text=True, check=True,
        env=os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert ran.stdout == "red\\ thing\n"


LIGHT = """
import os, sys
os.environ["_NEUROINSPECT_TUI_COMPLETE"] = "complete_bash"
os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = sys.argv[1], "5"
sys.argv[1:] = []
from neuroinspect_tui.main import main
try:
    main()
finally:
    print([name for name in ("torch", "numpy", "textual") if name in sys.modules])
"""


def test_it_loads_neither_torch_nor_numpy(named):
    home, _ = named
    words = f"{NAME} mistakes -w {home} -c "
    ran = subprocess.run(
        [sys.executable, "-c", LIGHT, words], capture_output=True, text=True, check=False
    )
    assert ran.stdout.splitlines() == ["red\\ thing", "green\\ thing", "blue", "[]"]
