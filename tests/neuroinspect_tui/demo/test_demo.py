import csv
import json
import shlex
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from neuroinspect_tui.demo import build
from neuroinspect_tui.demo.build import Plan, make_parts, prepare
from neuroinspect_tui.demo.dataset import Recipe, write_dataset
from neuroinspect_tui.demo.places import SIDE
from neuroinspect_tui.demo.scenes import Scene, draw_scenes, render, strip_mask

TINY = Recipe(train=120, valid=48, test=64)


def test_scenes_are_the_same_from_the_same_seed():
    first, again, other = draw_scenes(40, 0.9, 1), draw_scenes(40, 0.9, 1), draw_scenes(40, 0.9, 2)
    assert first == again != other
    assert all(
        np.array_equal(np.asarray(render(a)), np.asarray(render(b)))
        for a, b in zip(first[:8], again[:8], strict=True)
    )
    assert not {scene.seed for scene in first} & {scene.seed for scene in other}


@pytest.mark.parametrize(("aligned", "against"), [(0.95, 120), (0.5, 1200), (1.0, 0)])
def test_groups_have_their_shares(aligned, against):
    scenes = draw_scenes(2400, aligned, 3)
    assert Counter(scene.bird for scene in scenes) == {0: 1200, 1: 1200}
    assert sum(scene.bird != scene.place for scene in scenes) == against


def test_labels_are_true():
    for scene in draw_scenes(200, 0.5, 4):
        waterbird = scene.species.name in ("gull", "duck", "heron", "cormorant")
        water = scene.kind in ("lake", "sea", "shore")
        assert (scene.bird, scene.place) == (int(waterbird), int(water))
        assert scene.group == 2 * scene.bird + scene.place


def test_only_the_background_changes_elsewhere():
    """Where the bird covers the ground, both renders agree; where it does not, they differ."""
    for scene in draw_scenes(20, 0.5, 5):
        here, there = (np.asarray(render(s), dtype=int) for s in (scene, scene.elsewhere()))
        same = (np.abs(here - there).max(axis=2) <= 1).mean()
        assert 0.03 < same < 0.7
        assert scene.elsewhere().elsewhere() == scene
        assert (scene.elsewhere().bird, scene.elsewhere().place) == (scene.bird, 1 - scene.place)


def test_strips_show_the_background():
    cover = strip_mask(np.random.default_rng(0))
    assert cover.shape == (SIDE, SIDE, 1)
    assert 0 < (cover == 0).mean() < 0.5


def test_a_person_can_tell_the_places_apart():
    """Water is bluer than land, on the average picture: what a classifier may learn instead."""
    blue = {0: [], 1: []}
    for scene in draw_scenes(200, 0.5, 6):
        pixels = np.asarray(render(scene), dtype=float).mean(axis=(0, 1))
        blue[scene.place].append(pixels[2] - pixels[0])
    assert np.mean(blue[1]) > np.mean(blue[0]) + 20


def test_the_data_set_is_written_in_waterbirds_columns_and_continues(tmp_path):
    job = write_dataset(tmp_path, TINY, seed=2)
    next(job)  # stopped after the first fifty
    job.close()
    assert not (tmp_path / "metadata.csv").exists()
    first = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")}
    assert len(first) >= 50
    assert list(write_dataset(tmp_path, TINY, seed=2))[-1] == (280, 280)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in first.items())
    with (tmp_path / "metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["img_id", "img_filename", "y", "split", "place", "place_filename"]
    assert Counter(row["split"] for row in rows) == {"0": 120, "1": 48, "2": 64, "3": 48}
    for split, expected in (("1", 12), ("2", 16)):
        groups = Counter((r["y"], r["place"]) for r in rows if r["split"] == split)
        assert set(groups.values()) == {expected}
    assert sum(r["y"] != r["place"] for r in rows if r["split"] == "0") == 6
    for row in rows[::40]:
        with Image.open(tmp_path / row["img_filename"]) as image:
            assert image.size == (64, 64)
        assert ("waterbird" in row["img_filename"]) == (row["y"] == "1")


@pytest.fixture
def small(monkeypatch):
    """The whole demo in miniature."""

    def plan(home, *_, device="auto"):
        return Plan(home, recipe=TINY, others=96, backbone_epochs=1, epochs=1, device=device)

    monkeypatch.setattr(build, "Plan", plan)
    monkeypatch.setattr("neuroinspect_tui.demo.clip_model.STEPS", 5)
    monkeypatch.setattr("neuroinspect_tui.demo.story.STEPS", 4)
    return plan


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_whole_demo_runs_and_a_second_run_says_the_same(run, tmp_path, monkeypatch):
    home = tmp_path / "the demo"
    first = run("demo", "--dir", home, "--device", "cpu", "--json")
    assert first.code == 0, first.err
    lines = first.json["story"]
    assert "unseen pictures" in lines[0]
    assert "worst group" in lines[1]
    assert "landbird × place 1" in lines[1]
    edited = next(line for line in lines if line.startswith("Edited for both birds"))
    assert "64 images of test" in edited
    assert (home / "summary.md").read_text().count("\n\n") >= 6
    edits = len(list((home / "edits").glob("[!.]*")))
    none_found = [line for line in lines if line.startswith("No two kinds of images were found")]
    assert edits == 3 - len(none_found)
    assert lines[-1].startswith("Worst group of the 64 test images, ")
    assert lines[-1].count("%") == edits + 2  # before, and plain retraining
    second = run("demo", "--dir", home, "--device", "cpu", "--json")
    assert second.json["story"] == lines
    assert len(list((home / "edits").glob("[!.]*"))) == edits
    found = run("classes", "-w", home, "--groups", "--json").json
    assert [entry["name"] for entry in found["classes"]].count("waterbird") == 1
    commands = [shlex.split(line) for line in lines if line.startswith("  neuroinspect-tui ")]
    assert len(commands) == 6
    monkeypatch.chdir(tmp_path)
    for _, *words in commands:
        ran = run(*words)
        assert ran.code == 0, (words, ran.err)
    assert (tmp_path / "edited.safetensors").is_file()


@pytest.mark.slow
def test_an_interrupted_demo_goes_on(small, tmp_path):
    home = tmp_path / "demo"
    job = make_parts(small(home, device="cpu"))
    for record in job:
        if getattr(record, "stage", "") == "training CLIP":
            break
    job.close()
    stamps = {path: path.stat().st_mtime_ns for path in home.rglob("*.jpg")}
    assert not (home / "workspace.toml").exists()
    for _ in make_parts(small(home, device="cpu")):
        pass
    assert (home / "workspace.toml").exists()
    assert stamps == {path: path.stat().st_mtime_ns for path in home.rglob("*.jpg")}


def test_another_recipe_makes_everything_anew(tmp_path):
    plan = Plan(tmp_path / "demo", recipe=TINY)
    prepare(plan)
    (plan.home / "pictures").mkdir()
    prepare(plan)
    assert (plan.home / "pictures").exists()
    prepare(Plan(tmp_path / "demo", recipe=TINY, seed=9))
    assert not (plan.home / "pictures").exists()
    assert json.loads((plan.home / "made_of.json").read_text())["plan"][0] == 9


def test_a_scene_names_its_parts():
    scene = Scene(bird=1, place=0, seed=5, place_seed=7)
    assert (scene.species.name, scene.kind, scene.group) == ("duck", "field", 2)
