import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neuroinspect_tui.experiments.miniatures import faces
from neuroinspect_tui.experiments.results import cells
from tests.making import make_checkpoint
from tests.neuroinspect_tui.experiments.tiny import FACES, write_faces

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("experiments")


@pytest.fixture
def ran(run, home):
    file = write_faces(home)
    words = ("experiment", "run", file, "--miniature", "--dir", home, "--device", "cpu",
             "--seeds", "2", "--seed", "5")  # fmt: skip
    return run(*words, "--json"), words


def test_the_table_has_what_was_published_the_edits_and_every_control(ran, run):
    answer, words = ran
    assert answer.code == 0, answer.err
    found = answer.json
    assert found["miniature"] is True
    assert "miniature: generated pictures, not the published data; 2 seeds" in found["title"]
    rows = {(row["kind"], row["of"], row["name"]): row for row in found["rows"]}
    edit = "published setting"
    assert {key for key in rows if key[0] != "control"} == {
        ("published", "", "published: before"), ("original", "", "as trained"),
        ("edit", edit, edit), ("edit", "auto", "auto"),
    }  # fmt: skip
    controls = {key[2] for key in rows if key[:2] == ("control", edit)}
    assert controls == {"lambda 0", "placebo", "retrain", "bias shift"}
    published = rows["published", "", "published: before"]
    assert (published["overall"]["mean"], published["overall"]["lo"]) == (0.805, None)
    for key, row in rows.items():
        if key[0] == "published":
            continue
        assert row["models"] == 2
        assert row["overall"]["lo"] <= row["overall"]["mean"] <= row["overall"]["hi"]
        each = [
            r["overall"]
            for one in found["of_seeds"] for r in one["reached"]
            if (r["kind"], r["of"], r["name"]) == key
        ]  # fmt: skip
        assert sum(each) / 2 == pytest.approx(row["overall"]["mean"])
    assert [one["seed"] for one in found["of_seeds"]] == [5, 6]
    markdown, table, document = map(Path, found["files"])
    assert found["title"] in markdown.read_text()
    with table.open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == [r["name"] for r in found["rows"]]
    assert document.is_file()
    shown = run(*words)
    assert shown.code == 0
    assert "bias shift (control)" in shown.out
    assert "epoch" not in shown.err  # nothing was trained again
    workspace = found["of_seeds"][0]["workspace"]
    assert run("classes", "-w", workspace, "--json").json["n"] == 96


@pytest.mark.long
def test_a_killed_run_goes_on_and_ends_the_same(ran, home, tmp_path):
    answer, _ = ran
    file = write_faces(tmp_path)
    words = [sys.executable, "-P", "-m", "neuroinspect_tui", "experiment", "run", str(file),
             "--miniature", "--dir", str(tmp_path), "--device", "cpu", "--seed", "5"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    # at the drawing of pictures, after training, and among the edits
    for sign in ("img_align_celeba/*0100.jpg", "train/*/result.json", "edits/*/edit.json"):
        process = subprocess.Popen(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not list(tmp_path.rglob(sign)):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not list(tmp_path.rglob("results.json")), sign
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("train/*/result.json")}
    ended = subprocess.run([*words, "--json"], env=environment, capture_output=True, check=True)
    import msgspec

    found = msgspec.json.decode(ended.stdout)
    assert found["of_seeds"][0]["reached"] == answer.json["of_seeds"][0]["reached"]
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


def test_a_checkpoint_is_taken_with_real_data(run, tmp_path):
    for _ in faces.make(tmp_path / "data", faces.Sizes(train=48, valid=64, test=40), 1, "cpu"):
        pass
    own = FACES.replace('"resnet18"', '"test_resnet"').replace(
        "neurons = 2", "neurons = 2\nsteps = 2"
    )
    file = write_faces(tmp_path, own)
    checkpoint = make_checkpoint(tmp_path / "given.safetensors", classes=2)
    ran = run("experiment", "run", file, "--checkpoint", checkpoint, "--dir", tmp_path,
              "--device", "cpu", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    found = ran.json
    assert found["miniature"] is False
    assert found["title"] == "Tiny faces (1 seed)"
    [one] = found["of_seeds"]
    assert not list(tmp_path.rglob("train/*/result.json"))
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["as trained"]["overall"]["lo"] is None
    assert run("classes", "-w", one["workspace"], "--json").json["n"] == 64
    refused = run("experiment", "run", file, "--checkpoint", checkpoint, "--seeds", "2")
    assert refused.code == 2
    assert "leave --seeds out" in refused.err


def test_data_that_are_missing_are_told_in_one_sentence(run, tmp_path):
    ran = run("experiment", "run", "flowers102", "--dir", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.strip().splitlines()[-1:]
    assert f"are not in {tmp_path}/data, which must hold flowers-102/ with jpg/" in line
    assert "--download" in line
    ran = run("experiment", "run", "metashift/dog-chair", "--data", tmp_path, "--download",
              "--dir", tmp_path / "x")  # fmt: skip
    assert ran.code == 2
    assert "there is no download for it, fetch it by hand" in ran.err
    ran = run("experiment", "run", "celeba", "--miniature", "--data", tmp_path)
    assert ran.code == 2
    assert "it takes no --data" in ran.err


def test_a_download_that_fails_is_one_sentence(run, tmp_path, monkeypatch):
    from torchvision import datasets

    def refuse(root, split, download):
        assert (split, download) == ("train", True)
        raise RuntimeError("no route to host")

    monkeypatch.setattr(datasets, "Flowers102", refuse)
    ran = run("experiment", "run", "flowers102", "--download", "--dir", tmp_path)
    assert ran.code == 2
    assert "torchvision cannot download Flowers102" in ran.err
    assert "(no route to host); fetch it by hand." in ran.err


def test_experiments_are_listed_and_shown(run):
    listed = run("experiment", "list", "--json")
    assert {"flowers102", "metashift/cat-book"} <= {one["name"] for one in listed.json}
    shown = run("experiment", "show", "food101")
    assert "edited overall 82.2%, class 58%" in shown.out
    assert run("experiment", "show", "foot101").code == 2


def test_a_control_is_set_in(ran):
    from msgspec import convert

    from neuroinspect_tui.experiments.results import Row

    rows = [convert(row, Row) for row in ran[0].json["rows"]]
    assert [cells(row)[0].startswith("  ") for row in rows] == [r.kind == "control" for r in rows]


def test_seeds_are_counted_or_named():
    from engine.schema.errors import RequestError
    from neuroinspect_tui.cli.experiment import _command, _seeds

    assert _seeds([5], 3) == (5, 6, 7)
    assert _seeds([5, 1, 5], 1) == (5, 1)
    with pytest.raises(RequestError):
        _seeds([5, 1], 2)
    run = "neuroinspect-tui experiment run x"
    assert _command("x", (5, 6), miniature=True) == f"{run} --miniature --seeds 2 --seed 5"
    assert _command("x", (5, 1), miniature=False) == f"{run} --seed 5 --seed 1"


def test_plain_retraining_is_a_control_of_every_edit():
    """Also of one that took it, and so has no such control of its own."""
    from neuroinspect_tui.experiments.results import OfSeed, Reached, against_controls

    def row(name, kind, of, worst):
        return Reached(name=name, kind=kind, of=of, overall=0.9, target=0.9, worst_class=0.8,
                       worst_group=worst, fixed=0, broken=0)  # fmt: skip

    rows = (row("a", "edit", "a", 0.6), row("retrain", "control", "a", 0.9),
            row("auto", "edit", "auto", 0.9),
            row("bias shift", "control", "auto", 0.7))  # fmt: skip
    one = OfSeed(seed=0, workspace="", classes=(), neurons=(), sheet=None, test_images=1,
                 class_images=1, reached=rows, skipped=(), verdicts={}, chose={})  # fmt: skip
    said = against_controls([one], "auto")
    assert "a: -30.0 points over retrain" in said
    assert "auto (ours, chosen on selection images): +0.0 points over retrain" in said
