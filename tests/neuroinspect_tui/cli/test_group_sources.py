"""`groups make` in CLIP's space, by words and by a query; CLIP's answers lie on disk."""

import json
import shutil

import pytest

from tests.neuroinspect_tui.cli.planted_kinds import plant_clip, plant_kinds


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """A workspace without a CLIP, whose training features are there."""
    from neuroinspect_tui.cli import app

    home = plant_kinds(tmp_path_factory.mktemp("kinds"))
    made = ("groups", "make", "n1", "-n", "1", "-w", str(home))
    app(list(made), standalone_mode=False)
    shutil.rmtree(home / "groups")
    return home


def copied(home, root):
    for path in home.parent.iterdir():
        if path.name != "ws":
            (root / path.name).symlink_to(path)
    return shutil.copytree(home, root / "ws")


@pytest.fixture
def home(without, tmp_path):
    """With a CLIP that sees the kinds clearly, and knows the words."""
    copy = copied(without, tmp_path)
    plant_clip(copy)
    return copy


@pytest.fixture
def foreign(without, tmp_path):
    """With a CLIP that has other words for everything."""
    copy = copied(without, tmp_path)
    plant_clip(copy, knows=False)
    return copy


def ok(ran):
    assert ran.code == 0, ran.err
    return ran.json


def kinds_of(home, name):
    """The values of red things by kind, and of all images of the training split."""
    rows = [line.split(",") for line in (home / "groups" / f"{name}.csv").read_text().splitlines()]
    red = [value for _, split, of, value in rows[1:] if (split, of) == ("valid", "red thing")]
    return set(red[::2]), set(red[1::2]), {v for _, split, _, v in rows[1:] if split == "train"}


def test_directions_go_by_the_clearer_space_and_are_named(home, run):
    made = run("groups", "make", "kinds", "-w", home, "--json")
    found = ok(made)
    assert found["space"] == "clip"
    [red] = [kind for kind in found["kinds"] if not kind["why_not"]]
    assert red["words"] == {"like its mistakes": ["forest"], "like the others": ["river"]}
    assert red["stability"] >= 0.95
    assert kinds_of(home, "kinds")[:2] == ({"like its mistakes"}, {"like the others"})
    origin = json.loads((home / "groups" / "kinds.json").read_text())
    assert origin["space"] == "clip"
    assert "clearer there" in origin["why"]
    shown = run("groups", "show", "kinds", "-w", home)
    assert "Found in CLIP's image features. The gaps" in shown.out
    assert "red thing  like its mistakes: forest | like the others: river" in shown.out
    own = ok(run("groups", "make", "own", "-w", home, "--space", "features", "--json"))
    assert own["space"] == "features"
    assert own["kinds"][0]["words"] == red["words"]
    asked = ok(run("groups", "make", "asked", "-w", home, "--space", "clip", "--json"))
    assert asked["counts"] == found["counts"]


def test_a_clip_that_sees_less_leaves_the_classifiers_own_features(without, run, tmp_path):
    home = copied(without, tmp_path)
    plant_clip(home, kind=0.5)
    found = ok(run("groups", "make", "kinds", "-w", home, "--json"))
    assert found["space"] == "features"
    assert kinds_of(home, "kinds")[:2] == ({"like its mistakes"}, {"like the others"})


def test_two_words_divide_all_classes_and_splits_and_are_the_values(home, run):
    found = ok(run("groups", "make", "place", "-w", home, "--words", "forest, river", "--json"))
    assert found["values"] == ["forest", "river"]
    assert found["counts"] == {"forest": 48, "river": 48}
    assert kinds_of(home, "place") == ({"forest"}, {"river"}, {"forest", "river"})
    assert [kind["by"] for kind in found["kinds"]] == ["texts"] * 3
    origin = json.loads((home / "groups" / "place.json").read_text())
    assert (origin["source"], origin["texts"]) == ("words", ["forest", "river"])
    scored = ok(run("classes", "-w", home, "--group-by", "place", "--json"))
    assert "red thing × forest" in {group["name"] for group in scored["groups"]}


def test_a_query_divides_by_likeness(home, run):
    found = ok(run("groups", "make", "q", "-w", home, "--query", "forest", "-c", 0, "--json"))
    assert found["values"] == ["like forest", "unlike forest"]
    assert kinds_of(home, "q")[:2] == ({"like forest"}, {"unlike forest"})
    assert sum(found["counts"].values()) == 32
    assert found["space"] == "clip"


def test_held_out_images_move_no_threshold(home, run):
    made = ("groups", "make", "place", "-w", home, "--words", "forest,river")
    ok(run(*made, "--json"))
    origin = json.loads((home / "groups" / "place.json").read_text())
    assert len(origin["rows"]) == 45
    edit = ("edit", "-w", home, "-c", 0, "--method", "dfr", "--seeds", 1, "--group-by", "place")
    ok(run(*edit, "--json"))
    assert "give the same --seed" in run(*edit, "--seed", 1).err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--words", "forest"), "--words takes two words and a comma"),
        (("--words", "forest,"), "--words takes two words and a comma"),
        (("--words", "a,b,c"), "--words takes two words and a comma"),
        (("--words", "forest,Forest"), "names one word twice"),
        (("--words", "zorb,blick"), "cannot tell “zorb” from “blick”"),
        (("--words", "chair,table"), "this CLIP does not know “chair” and “table”"),
        (("--query", "zorb"), "this CLIP does not know “zorb”"),
        (("--query", "  "), "--query is empty"),
        (("--query", "forest", "--query", "river"), "give --query once"),
        (("--query", "x" * 301), "is too long"),
        (("--query", "forest", "--words", "a,b"), "give --words or --query"),
        (("--query", "forest", "--space", "clip"), "--space is of directions"),
        (("-n", "1", "--words", "a,b"), "give --neuron or --words"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(home, run, words, sentence):
    ran = run("groups", "make", "x", *words, "-w", home)
    assert ran.code == 2
    assert sentence in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert not (home / "groups").exists()


@pytest.mark.parametrize("words", [("--words", "a,b"), ("--query", "a"), ("--space", "clip")])
def test_without_a_clip_there_are_no_words(without, run, words):
    ran = run("groups", "make", "x", *words, "-w", without)
    assert ran.code == 2
    assert "This workspace names no CLIP" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_clip_that_does_not_know_the_classes_finds_groups_but_no_words(foreign, run):
    ran = run("groups", "make", "x", "--words", "chair,table", "-w", foreign)
    assert ran.code == 2
    assert "this CLIP does not know “chair” and “table”" in ran.err
    assert "this CLIP does not know these classes" in ran.err
    found = run("groups", "make", "kinds", "-w", foreign)
    assert found.code == 0
    assert "red thing: groups found; this CLIP does not know these classes" in found.out


def test_a_clip_that_cannot_be_loaded_is_said_with_what_to_do(without, run, tmp_path):
    from msgspec import structs

    from neuroinspect_tui.workspace import read_source, write_source

    home = copied(without, tmp_path)
    folder = tmp_path / "clip"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text("{}")
    source = read_source(home)
    write_source(home, structs.replace(source, clip=f"local-dir:{folder}"))
    edit = ("edit", "-c", 0, "--method", "dfr", "--seeds", 1, "--group-by", "found")
    for words in (("groups", "make", "x"), edit, ("neurons", "-c", 0, "--group-by", "found")):
        ran = run(*words, "-w", home)
        assert ran.code == 2, words
        assert "`groups make NAME --space features`" in ran.err
    assert ok(run("groups", "make", "x", "-w", home, "--space", "features", "--json"))["values"]


def test_edits_and_rankings_find_what_groups_make_finds(home, run):
    ok(run("groups", "make", "kinds", "-w", home, "--json"))
    words = ("edit", "-w", home, "-c", 0, "--method", "dfr", "--seeds", 1, "--json", "--group-by")
    by_name, by_found = (ok(run(*words, name)) for name in ("kinds", "found"))
    assert by_found["provenance"]["groups_space"] == "clip"
    assert any("in CLIP's image features" in note for note in by_found["notes"])
    words = "red thing  like its mistakes: forest | like the others: river"
    assert words in by_found["notes"]
    assert by_found["after"] == by_name["after"]
    ranked = [
        ok(run("neurons", "-c", 0, "--by", "groups", "--group-by", name, "-w", home, "--json"))
        for name in ("kinds", "found")
    ]
    assert ranked[0] == ranked[1]


def test_an_edit_makes_what_clip_has_not_seen_yet(without, run, tmp_path):
    from msgspec import structs

    from neuroinspect_tui.workspace import read_source, write_source
    from tests.making import make_clip

    home = copied(without, tmp_path)
    clip = make_clip(tmp_path / "real")  # untrained: it sees no kinds
    write_source(home, structs.replace(read_source(home), clip=clip))
    edit = ("edit", "-w", home, "-c", 0, "--method", "dfr", "--seeds", 1, "--json")
    stored = ok(run("groups", "make", "own", "-w", home, "--space", "features", "--json"))
    assert stored["space"] == "features"
    assert not list((home / "clip_features").glob("*/meta.json"))  # nor was CLIP asked for
    edited = ok(run(*edit, "--group-by", "found"))
    assert len(list((home / "clip_features").glob("*/meta.json"))) == 1
    assert edited["provenance"]["groups_space"] == "features"
    assert "No two kinds were found in CLIP's image features." in edited["notes"]
    assert edited["after"] == ok(run(*edit, "--group-by", "own"))["after"]
