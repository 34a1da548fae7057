"""What people install: the wheel, in an environment of its own, outside the checkout."""

import json
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from neuroinspect_tui.workspace import write_source
from tests.fresh import ROOT, FreshEnvironment, build_wheel

PACKAGES = ("neuroinspect_tui", "engine", "screens")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    return FreshEnvironment.make(tmp_path_factory.mktemp("fresh"), [wheel])


@pytest.fixture(scope="module")
def workspace(fresh, toy):
    home = fresh.root / "home" / "ws"
    home.mkdir()
    write_source(home, toy)
    return home


def test_every_file_of_the_packages_is_in_it(wheel):
    files = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert len(files) > 150
    assert packed == files


def test_its_facts_are_those_of_the_project(wheel):
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    facts = Parser().parsestr(archive.read(name).decode("utf-8"))
    assert facts["Name"] == "neuroinspect-tui"
    assert facts["Requires-Python"] == ">=3.11"
    assert "make demo" in facts.get_payload()


def test_it_is_the_installed_packages_that_run(fresh):
    script = f"import {', '.join(PACKAGES)}; print({', '.join(f'{p}.__file__' for p in PACKAGES)})"
    paths = fresh.evaluate(script).split()
    assert [Path(path).parents[1] for path in paths] == [fresh.site] * len(PACKAGES)


def test_it_says_its_version(fresh, wheel):
    version = wheel.name.split("-")[1]
    assert version in fresh.run("--version").stdout


def test_it_says_what_it_can_do(fresh):
    told = fresh.run("--help").stdout
    assert all(command in told for command in ("init", "classes", "edit", "jobs"))


def test_a_command_answers(fresh, workspace):
    answer = json.loads(fresh.run("classes", "-w", workspace, "--json").stdout)
    assert [some["n"] for some in answer["classes"]] == [10, 10, 10]


def test_a_job_runs_detached(fresh, workspace):
    """The runner is another process: it must find the installed packages too."""
    edit = ("edit", "-w", workspace, "-c", "1", "--top", "5", "--seeds", "2", "--detach")
    job = fresh.run(*edit).stdout.strip()
    fresh.run("jobs", "follow", job, "-w", workspace, "--plain")
    shown = json.loads(fresh.run("jobs", "show", job, "-w", workspace, "--json").stdout)
    fresh.run("jobs", "runner", "stop", "-w", workspace)
    assert shown["state"] == "done"


@pytest.mark.long
def test_the_demo_is_told_to_its_end(fresh):
    told = json.loads(fresh.run("demo", "--no-open", "--device", "cpu", "--json").stdout)
    assert (Path(told["workspace"]) / "workspace.toml").is_file()
    assert Path(told["workspace"]).is_relative_to(fresh.root)
    [edited] = [line for line in told["story"] if line.startswith("Edited for both birds")]
    assert "worst group" in edited
