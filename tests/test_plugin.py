"""A stranger's package, installed beside ours, adds kinds that are used by name."""

import json
import zipfile

import pytest
from msgspec import structs

from neuroinspect_tui.workspace import write_source
from tests.fresh import ROOT, FreshEnvironment, build_wheel

pytestmark = pytest.mark.slow
BROKEN = """\
[neuroinspect_tui.rankings]
broken_ranking = broken_toys:Ranking
[neuroinspect_tui.edit_methods]
broken_method = broken_toys:Method
[neuroinspect_tui.readers]
broken_reader = broken_toys:Reader
"""
CANNOT = "cannot be imported"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Of the project, and of the example."""
    root = tmp_path_factory.mktemp("wheels")
    return [
        build_wheel(source, root / name)
        for name, source in (("ours", ROOT), ("theirs", ROOT / "examples" / "plugin"))
    ]


@pytest.fixture(scope="module")
def fresh(wheels, tmp_path_factory):
    return FreshEnvironment.make(tmp_path_factory.mktemp("fresh"), wheels)


@pytest.fixture(scope="module")
def archive(toy, tmp_path_factory):
    """The toy images as one ZIP file, which no reader of ours reads."""
    path = tmp_path_factory.mktemp("zip") / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        data = ROOT / toy.data
        for file in sorted(data.rglob("*.png")):
            archive.write(file, str(file.relative_to(data)))
    return path


@pytest.fixture(scope="module")
def workspace(fresh, toy, archive):
    home = fresh.root / "home" / "ws"
    home.mkdir()
    write_source(home, structs.replace(toy, data=str(archive)))
    fresh.run("classes", "-w", home, "--workers", "0")
    return home


def test_help_lists_the_toys(fresh):
    assert "weight_gap" in fresh.run("neurons", "--help").stdout
    assert "shrink" in fresh.run("edit", "--help").stdout


def test_without_the_plugin_there_are_none(wheels, tmp_path, toy, archive):
    plain = FreshEnvironment.make(tmp_path, wheels[:1])
    assert "weight_gap" not in plain.run("neurons", "--help").stdout
    refused = plain.run(
        "init", "ws", "--model", toy.model, "--checkpoint", toy.checkpoint, "--data", archive,
        code=2,
    )  # fmt: skip
    assert str(archive) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_reader_reads_what_only_it_can(fresh, workspace):
    answer = json.loads(fresh.run("classes", "-w", workspace, "--json").stdout)
    assert answer["n"] == 30
    assert answer["skipped"] == []
    classes = sorted(answer["classes"], key=lambda some: some["index"])
    assert [some["name"] for some in classes] == ["red thing", "green thing", "blue"]


def worst(fresh, workspace):
    classes = json.loads(fresh.run("classes", "-w", workspace, "--json").stdout)["classes"]
    return min(classes, key=lambda some: some["accuracy"])["name"]


def test_the_ranking_ranks(fresh, workspace):
    name = worst(fresh, workspace)
    words = ("neurons", "-w", workspace, "-c", name, "--json", "--by")
    found = json.loads(fresh.run(*words, "weight_gap").stdout)
    assert found["by"] == "weight_gap"
    scores = [some["score"] for some in found["excessive"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0
    others = json.loads(fresh.run(*words, "contrast").stdout)
    assert [n["neuron"] for n in found["excessive"]] != [n["neuron"] for n in others["excessive"]]


def test_the_edit_method_edits_by_its_own_option(fresh, workspace):
    words = ("edit", "-w", workspace, "-c", worst(fresh, workspace), "--method", "shrink",
             "--top", "20", "--seeds", "2", "--json", "--set")  # fmt: skip
    found = json.loads(fresh.run(*words, "factor=0").stdout)
    assert found["method"] == "shrink"
    assert found["after"] != found["before"]
    assert {some["name"] for some in found["variants"]} >= {"original", "edit", "placebo"}
    refused = fresh.run(*words, "factor=7", code=2)
    assert "factor=7" in refused.stderr


def test_a_detached_edit_finds_it_too(fresh, workspace):
    name = worst(fresh, workspace)
    job = fresh.run("edit", "-w", workspace, "-c", name, "--method", "shrink", "--top", "20",
                    "--seeds", "2", "--set", "factor=1", "--detach")  # fmt: skip
    id_ = job.stdout.strip()
    fresh.run("jobs", "follow", id_, "-w", workspace, "--plain")
    shown = json.loads(fresh.run("jobs", "show", id_, "-w", workspace, "--json").stdout)
    fresh.run("jobs", "runner", "stop", "-w", workspace)
    assert shown["state"] == "done", shown
    unchanged = json.loads(fresh.run("edits", "-w", workspace, "--json").stdout)[-1]
    assert unchanged["after"] == unchanged["before"]
    assert "changes no image" in unchanged["verdict"]


def test_a_broken_plugin_costs_one_warning_and_never_the_program(wheels, workspace, tmp_path):
    fresh = FreshEnvironment.make(tmp_path, wheels)
    (fresh.site / "broken_toys.py").write_text("import a_module_that_nobody_has\n")
    facts = fresh.site / "broken_toys-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-toys\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(BROKEN)
    name = worst(fresh, workspace)
    ran = fresh.run("edit", "-w", workspace, "-c", name, "--method", "shrink", "--seeds", "1")
    for kind in ("broken_reader", "broken_method"):
        lines = [line for line in ran.stderr.splitlines() if CANNOT in line and kind in line]
        assert len(lines) == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    refused = fresh.run("neurons", "-w", workspace, "-c", name, "--by", "broken_ranking", code=2)
    assert CANNOT in refused.stderr
    assert "a_module_that_nobody_has" in refused.stderr
    assert "Traceback" not in refused.stderr
