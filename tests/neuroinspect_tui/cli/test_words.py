"""`words`, and words in `mistakes` and `neurons`; CLIP's answers lie on disk, no torch."""

import shutil

import pytest

from engine.features.cache import find_cache, open_cache
from tests.screens.planted import plant, write_cache
from tests.screens.planted_clip import plant_clip


def planted_home(root, *, knows=True):
    planted = plant(root)
    directory = find_cache(planted.home, planted.source, planted.split)
    write_cache(directory, planted.split, noise=2.6)
    cache = open_cache(planted.home, planted.source, planted.split)
    plant_clip(planted, cache, knows=knows)
    return planted.home


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return planted_home(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return planted_home(tmp_path_factory.mktemp("foreign"), knows=False)


def ok(ran):
    assert ran.code == 0, ran.err
    return ran


def test_a_classs_words_come_strongest_first(home, run):
    [found] = ok(run("words", "-w", home, "--class", "fox", "--json")).json["classes"]
    assert found["class"] == {"index": 5, "name": "fox"}
    effects = {word["word"]: word["effect"] for word in found["words"]}
    assert effects["forest"] > 1
    assert effects["river"] < -1
    strengths = [abs(word["effect"]) for word in found["words"]]
    assert strengths == sorted(strengths, reverse=True)
    assert all(word["p"] <= 0.05 for word in found["words"])
    assert found["tested"] > 2000
    assert found["mistakes"] + found["right"] == 12


def test_a_class_is_said_in_two_lines(home, run):
    said = ok(run("words", "-w", home, "-c", "fox", "-c", "dog")).out
    assert "all 72 images of valid" in said
    lines = said.splitlines()
    assert any(line.split()[:5] == ["its", "mistakes", "look", "like", "forest"] for line in lines)
    assert any(line.split()[:4] == ["the", "others", "like", "river"] for line in lines)
    assert "no mistakes to look at" in said  # dog has none


def test_one_confusion_only(home, run):
    whole = ok(run("words", "-w", home, "-c", "fox", "--json")).json["classes"][0]
    listed = ok(run("mistakes", "-w", home, "-c", "fox", "--json")).json["mistakes"]
    other = listed[0]["predicted"]["name"]
    [found] = ok(run("words", "-w", home, "-c", "fox", "--confusion", other, "--json")).json[
        "classes"
    ]
    of_other = sum(mistake["predicted"]["name"] == other for mistake in listed)
    assert found["mistakes"] == of_other < whole["mistakes"]
    assert found["other"]["name"] == other


def test_all_classes_count_words(home, run):
    found = ok(run("words", "-w", home, "--all", "--json")).json
    assert len(found["classes"]) == 5
    first = found["words"][0]
    assert first["word"] == "forest"
    assert len(first["classes"]) >= 4
    assert "forest" in ok(run("words", "-w", home, "--all")).out


def test_a_clip_that_does_not_know_the_classes_shows_no_word(foreign, run):
    [found] = ok(run("words", "-w", foreign, "--class", "fox", "--json")).json["classes"]
    assert found["words"] == []
    assert found["why_not"].startswith("this CLIP does not know these classes: ")
    assert found["p"] < 0.05
    assert "this CLIP does not know" in ok(run("words", "-w", foreign, "--all")).out
    neurons = ok(run("words", "-w", foreign, "--json")).json
    assert all(neuron["words"] == [] for neuron in neurons["neurons"])
    assert neurons["why_not"].startswith("this CLIP does not know")


def test_neurons_have_words_and_figures(home, run):
    found = ok(run("words", "-w", home, "--json")).json["neurons"]
    assert [neuron["neuron"] for neuron in found] == list(range(24))
    [one] = ok(run("words", "-w", home, "--neuron", "3", "--json")).json["neurons"]
    assert one == found[3]
    assert set(one) == {"neuron", "words", "confidence", "clarity", "polysemanticity"}
    assert all(set(word) == {"word", "score"} for word in one["words"])
    assert "confidence" in ok(run("words", "-w", home, "-n", "3")).out


def test_the_ranking_has_words_once_they_are_made(home, run, tmp_path):
    fresh = tmp_path / "ws"
    shutil.copytree(home, fresh, ignore=shutil.ignore_patterns("words"))
    assert (
        ok(run("neurons", "-w", fresh, "-c", "fox", "--json")).json["insufficient"][0]["word"]
        is None
    )
    assert "word" not in ok(run("neurons", "-w", fresh, "-c", "fox")).out.split("too weak")[1]
    made = ok(run("neurons", "-w", fresh, "-c", "fox", "--words", "--json")).json
    assert isinstance(made["insufficient"][0]["word"], str)
    kept = ok(run("neurons", "-w", fresh, "-c", "fox", "--json")).json
    assert kept == made
    assert " word " in ok(run("neurons", "-w", fresh, "-c", "fox")).out


def test_mistakes_with_words(home, run):
    found = ok(run("mistakes", "-w", home, "-c", "fox", "--words", "--json")).json
    assert found["words"]["words"][0]["word"] in ("forest", "river")
    assert "words" not in ok(run("mistakes", "-w", home, "-c", "fox", "--json")).json
    assert "its mistakes look like" in ok(run("mistakes", "-w", home, "-c", "fox", "--words")).out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["-c", "fox", "--all"], "Give one of --class, --all and --neuron."),
        (["-c", "fox", "-n", "1"], "Give one of --class, --all and --neuron."),
        (["--confusion", "fox"], "--confusion belongs to one --class"),
        (["-c", "fox", "-c", "ant", "--confusion", "bee"], "--confusion belongs to one --class"),
        (["-c", "fox", "--confusion", "fox"], "name another class"),
        (["-n", "99"], "No neuron 99"),
        (["-c", "wolf"], "No class 'wolf'"),
        (["-c", "fox", "--words", "nowhere.txt"], "There is no file of words nowhere.txt"),
    ],
)
def test_bad_questions_are_refused_in_a_sentence(home, run, asked, said):
    ran = run("words", "-w", home, *asked)
    assert ran.code == 2
    assert said in ran.err


def test_without_a_clip_it_says_what_one_would_add(tmp_path, run):
    planted = plant(tmp_path)
    ran = run("words", "-w", planted.home, "--class", "fox")
    assert ran.code == 2
    assert 'names no CLIP (clip = "none")' in ran.err


def test_a_detached_job_makes_all_that_words_need(home, run, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "neuroinspect_tui.cli.opening.Opened._submit",
        lambda _self, request, _out, *, ready: asked.append(request),
    )
    for words in (
        ["words"],
        ["mistakes", "-c", "fox", "--words"],
        ["neurons", "-c", "fox", "--words"],
    ):
        ok(run(*words, "-w", home, "--detach"))
    assert len(asked) == 3
    assert all(request.split == "valid" and len(request.texts) > 2000 for request in asked)
