"""`init` decides, tries, tells, and finds again what was moved."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from neuroinspect_tui.workspace import read_source
from tests.making import make_checkpoint


@pytest.fixture
def place(sure, tmp_path):
    """The toy's data and checkpoint, to be changed."""
    shutil.copytree(sure.data, tmp_path / "data")
    shutil.copy2(sure.checkpoint, tmp_path / "toy.safetensors")
    return tmp_path


def words(place, **more):
    options = {"model": "test_resnet", "checkpoint": place / "toy.safetensors",
               "data": place / "data", "device": "cpu"} | more  # fmt: skip
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def right(run, home):
    """Right answers by class folder."""
    found = run("classes", "-w", home, "--workers", "0", "--json").json
    return {c["name"]: c["correct"] for c in found["classes"] if c["n"]}, found


def renamed(place, new):
    """Rename the three class folders in both splits."""
    for split in ("train", "valid"):
        for old, name in zip(sorted((place / "data" / split).iterdir()), new, strict=True):
            old.rename(old.with_name(name))


def test_what_was_decided_is_said_and_repeated_by_doctor(place, run):
    made = run("init", place / "ws", *words(place))
    assert made.code == 0, made.err
    said = made.out
    assert "Classes sorted by name: 001_red_thing, 002_green_thing, 003_blue." in said
    assert "Transform: 160 pixels, crop 0.95, bilinear, mean 0.5, 0.5, 0.5" in said
    assert "Tried on 30 images: " in said
    doctor = run("doctor", "-w", place / "ws", "--json").json
    repeated = [check["found"] for check in doctor if check["what"] == "decided"]
    assert any("Tried on 30 images" in note for note in repeated)
    assert any(note.startswith("Transform: 160 pixels") for note in repeated)
    source = read_source(place / "ws")
    assert (source.img_size, source.interpolation) == (160, "bilinear")
    assert Path(source.classes) == place / "ws" / "classes.json"


def test_a_wrong_order_is_refused_until_it_is_stated(place, run):
    """Folders 1, 2, 10 sort as 1, 10, 2; the model counted."""
    before, _ = right(run, made(run, place, "first"))
    renamed(place, ["1", "2", "10"])
    refused = run("init", place / "ws", *words(place))
    assert refused.code == 2
    assert "--class-order natural" in refused.err
    assert not (place / "ws" / "workspace.toml").exists()
    natural = made(run, place, "ws", "--class-order", "natural")
    found, _ = right(run, natural)
    assert sorted(found.values()) == sorted(before.values())
    stated = run("init", place / "other", *words(place), "--class-order", "sorted")
    assert stated.code == 0
    assert "does not fit the checkpoint" in stated.out


def made(run, place, name, *more, **options):
    ran = run("init", place / name, *words(place, **options), *more)
    assert ran.code == 0, ran.err
    return place / name


def test_an_order_by_no_name_is_written_to_be_checked(place, run):
    state = load_file(place / "toy.safetensors")
    rows = [2, 0, 1]
    head = {k: v for k, v in state.items() if k.startswith("fc.")}
    torch.save(state | {k: v[rows] for k, v in head.items()}, place / "turned.pth")
    ran = run("init", place / "ws", *words(place, checkpoint=place / "turned.pth"))
    assert ran.code == 2
    order = place / "ws" / "class-order.txt"
    assert str(order) in ran.err
    assert order.read_text().split() == ["003_blue", "001_red_thing", "002_green_thing"]
    home = made(run, place, "ws", "--class-order", order, checkpoint=place / "turned.pth")
    found, _ = right(run, home)
    assert sum(found.values()) > 20


def test_a_moved_workspace_finds_its_results_again(place, run):
    home = made(run, place, "ws")
    right(run, home)
    caches = sorted(path.name for path in (home / "features").glob("*/meta.json"))
    new = place / "elsewhere"
    new.mkdir()
    for name in ("ws", "data", "toy.safetensors"):
        (place / name).rename(new / name)
    _, answer = right(run, new / "ws")
    assert answer["n"] == 30
    assert sorted(path.name for path in (new / "ws/features").glob("*/meta.json")) == caches
    assert Path(read_source(new / "ws").data) == new / "data"


def test_init_of_moved_data_asks_nothing_again(place, run):
    renamed(place, ["1", "2", "10"])
    home = made(run, place, "ws", "--class-order", "natural")
    before, _ = right(run, home)
    keys = sorted(path.parent.name for path in (home / "features").glob("*/meta.json"))
    moved = place / "other" / "place"
    moved.mkdir(parents=True)
    for name in ("data", "toy.safetensors"):
        (place / name).rename(moved / name)
    ran = run("init", home, "--data", moved / "data", "--checkpoint", moved / "toy.safetensors")
    assert ran.code == 0, ran.err
    after, _ = right(run, home)
    assert after == before
    assert sorted(path.parent.name for path in (home / "features").glob("*/meta.json")) == keys


def test_a_checkpoint_replaced_by_one_of_equal_size_and_time_is_another(place, run):
    home = made(run, place, "ws")
    _, before = right(run, home)
    path = place / "toy.safetensors"
    status = path.stat()
    make_checkpoint(path, seed=1)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    _, after = right(run, home)
    assert after["accuracy"] < before["accuracy"]


def test_a_local_dir_is_found_by_any_path(place, run, monkeypatch):
    """The key holds no path: a workspace named relatively reads no image again."""
    local = place / "model"
    local.mkdir()
    config = {"architecture": "test_resnet", "num_classes": 3,
              "pretrained_cfg": {"input_size": [3, 64, 64]}}  # fmt: skip
    (local / "config.json").write_text(json.dumps(config))
    shutil.copy2(place / "toy.safetensors", local / "model.safetensors")
    ran = run("init", place / "ws", "--model", f"local-dir:{local}", "--data", place / "data",
              "--device", "cpu")  # fmt: skip
    assert ran.code == 0, ran.err
    right(run, place / "ws")
    keys = list((place / "ws" / "features").glob("*/meta.json"))
    monkeypatch.chdir(place)
    _, answer = right(run, "ws")
    assert answer["n"] == 30
    assert list((place / "ws" / "features").glob("*/meta.json")) == keys


def test_changing_nothing_is_refused(place, run):
    home = made(run, place, "ws")
    ran = run("init", home)
    assert (ran.code, "exists already" in ran.err) == (2, True)
    ran = run("init", home, "--device", "cpu")
    assert ran.code == 0


def test_differences_to_a_person_s_view_are_told(place, run):
    for path in sorted((place / "data/valid/003_blue").iterdir())[:2]:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.open(path).save(path, exif=exif)
    home = made(run, place, "ws")
    said = run("classes", "-w", home, "--workers", "0").out
    assert "2 images turned by EXIF, which the model does not see (init --exif turns them)" in said
    home = made(run, place, "turned", "--exif")
    assert "turned by EXIF" not in run("classes", "-w", home, "--workers", "0").out


def test_data_without_a_training_split_can_be_looked_at(place, run):
    shutil.rmtree(place / "data" / "train")
    ran = run("init", place / "ws", *words(place))
    assert ran.code == 0, ran.err
    assert "Nothing can be trained here: No split 'train'" in ran.out
    assert right(run, place / "ws")[1]["n"] == 30


def test_an_export_says_its_classes_and_its_transform(place, run):
    """What was decided once is not guessed again."""
    renamed(place, ["1", "2", "10"])
    for path in sorted((place / "data/valid/2").iterdir())[:6]:  # mistakes to edit away
        shutil.copy2(path, place / "data/valid/1" / f"not-{path.name}")
    home = made(run, place, "ws", "--class-order", "natural", "--crop-pct", "0.9")
    before, _ = right(run, home)
    edit = run("edit", "-w", home, "-c", "0", "--top", "3", "--json").json
    out = place / "out.safetensors"
    ran = run("export", edit["id"], "-w", home, "--out", out)
    assert ran.code == 0, ran.err
    again = made(run, place, "again", checkpoint=out)
    assert read_source(again).crop_pct == 0.9
    after, _ = right(run, again)
    assert set(after) == set(before) == {"1", "2", "10"}
    assert sum(after.values()) > 20
    said = run("init", place / "third", *words(place, checkpoint=out)).out
    assert "Classes as the checkpoint says: 1, 2, 10." in said
