import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.clip.identity import FOLDER
from tests.making import make_clip

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "tiny")


def with_clip(home, clip):
    path = home / "workspace.toml"
    path.write_text(path.read_text().replace('clip = "none"', f'clip = "{clip}"'))
    assert clip in path.read_text()
    return home


@pytest.fixture(scope="module")
def searched_once(filled_once, clip, tmp_path_factory):
    home = tmp_path_factory.mktemp("searched") / "ws"
    return with_clip(shutil.copytree(filled_once, home), clip)


def ok(ran):
    assert ran.code == 0, ran.err
    return ran.json


def test_images_by_a_text(searched_once, run):
    found = ok(run("search", "a red thing", "-w", searched_once, "--top", 5, "--json"))
    assert found["query"] == "a red thing"
    assert found["note"] == ""
    assert len(found["results"]) == 5
    assert set(found["results"][0]) == {"image", "score", "class", "predicted"}
    scores = [entry["score"] for entry in found["results"]]
    assert scores == sorted(scores, reverse=True)
    of_class = ok(run("search", "a red thing", "-c", "blue", "-w", searched_once, "--json"))
    assert {entry["class"] for entry in of_class["results"]} == {"blue"}
    assert len(of_class["results"]) == 10
    assert "30 images" in run("search", "red", "--top", 99, "-w", searched_once).out


def test_neurons_by_a_text(searched_once, run):
    found = ok(run("search", "red", "--neurons", "--top", 3, "-w", searched_once, "--json"))
    assert [set(entry) for entry in found["results"]] == [{"neuron", "score"}] * 3
    assert found["images"] == 30
    assert 0.3 < found["chance"] < 0.9
    assert "by chance" in run("search", "red", "--neurons", "-w", searched_once).out


def test_images_like_one_of_the_split_and_like_a_file(searched_once, run, tmp_path):
    path = "valid/001_red_thing/004.png"
    found = ok(run("search", path, "-w", searched_once, "--top", 99, "--json"))
    assert len(found["results"]) == 29
    assert not any(entry["image"].endswith(path) for entry in found["results"])
    first = found["results"][0]["image"]
    copy = shutil.copy(first, tmp_path / "copy.png")
    again = ok(run("search", copy, "-w", searched_once, "--top", 2, "--json"))
    assert again["results"][0]["image"] == first
    assert again["results"][0]["score"] == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("  ",), "a text of 1 to 1000 characters"),
        (("x" * 1001,), "a text of 1 to 1000 characters"),
        (("there/is/no.png",), "No single image 'there/is/no.png'"),
        (("red", "--images", "--neurons"), "two searches; give one"),
        (("red", "-c", "mauve"), "mauve"),
    ],
)
def test_what_cannot_be_is_one_sentence(searched_once, run, words, sentence):
    ran = run("search", *words, "-w", searched_once)
    assert ran.code == 2
    assert sentence in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_file_that_is_no_image_is_one_sentence(searched_once, run, tmp_path):
    (tmp_path / "x.png").write_bytes(b"nothing")
    ran = run("search", tmp_path / "x.png", "-w", searched_once)
    assert ran.code == 2
    assert "x.png cannot be decoded" in ran.err
    assert "Traceback" not in ran.err


def test_without_clip_it_says_what_one_would_add_and_all_else_works(filled_once, run):
    ran = run("search", "red", "-w", filled_once)
    assert ran.code == 2
    assert "names no CLIP" in ran.err
    assert "workspace.toml" in ran.err
    assert run("classes", "-w", filled_once).code == 0


def test_a_clip_that_is_not_there_is_one_sentence(filled, run):
    with_clip(filled, "local-dir:/not/there")
    ran = run("search", "red", "-w", filled)
    assert ran.code == 2
    assert "/not/there" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_it_is_a_job_with_detach(filled, clip, run):
    with_clip(filled, clip)
    job = run("search", "red", "--detach", "-w", filled).out.strip()
    assert run("jobs", "follow", job, "-w", filled, "--plain").code == 0
    shown = ok(run("jobs", "show", job, "-w", filled, "--json"))
    run("jobs", "runner", "stop", "-w", filled)
    assert (shown["state"], shown["title"]) == ("done", "CLIP features of valid and of 'red'")
    assert len(list((filled / FOLDER).glob("*/meta.json"))) == 1
    assert len(ok(run("search", "red", "-w", filled, "--json"))["results"]) == 20


@pytest.mark.slow
def test_two_processes_make_one(filled, clip):
    with_clip(filled, clip)
    command = [sys.executable, "-m", "neuroinspect_tui", "search", "red", "-w", str(filled)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    assert len(list((filled / FOLDER).glob("*/meta.json"))) == 1
    assert list((filled / FOLDER).glob("*.partial")) == []
