import json
import shutil

import pytest

from tests.neuroinspect_tui.cli.planted_kinds import plant_kinds


@pytest.fixture(scope="module")
def planted_home(tmp_path_factory):
    return plant_kinds(tmp_path_factory.mktemp("kinds"))


@pytest.fixture
def home(planted_home, tmp_path):
    return shutil.copytree(planted_home, tmp_path / "ws")


def ok(ran):
    assert ran.code == 0, ran.err
    return ran.json


def test_groups_are_made_without_labels_listed_shown_exported_and_used(home, run, tmp_path):
    made = run("groups", "make", "kinds", "-w", home, "--json")
    found = ok(made)
    assert {key: found[key] for key in ("name", "values", "purity", "space")} == {
        "name": "kinds",
        "values": ["like its mistakes", "like the others"],
        "purity": None,
        "space": "features",  # there is no CLIP
    }
    assert [kind["name"] for kind in found["kinds"] if not kind["why_not"]] == ["red thing"]
    assert found["counts"]["like its mistakes"] >= 15
    assert "Not divided, each one group: green thing: too few mistakes to group (0)" in made.err
    assert ok(run("groups", "list", "-w", home, "--json")) == [found]
    assert ok(run("groups", "show", "kinds", "-w", home, "--json")) == found
    lines = (home / "groups" / "kinds.csv").read_text().splitlines()
    assert lines[0] == "path,split,class,value"
    assert "valid/001_red_thing/000.png,valid,red thing,like its mistakes" in lines
    assert "valid/001_red_thing/001.png,valid,red thing,like the others" in lines
    assert len(lines) == 1 + 90 + 6  # the training split too
    origin = json.loads((home / "groups" / "kinds.json").read_text())
    assert origin["source"] == "directions"
    assert len(origin["rows"]) == 45

    out = tmp_path / "out.csv"
    assert run("groups", "export", "kinds", "-w", home, "--out", out).code == 0
    assert out.read_text().splitlines() == lines
    assert run("groups", "export", "kinds", "-w", home, "--out", out).code == 2
    assert ok(run("groups", "make", "again", "-w", home, "--csv", out, "--json")) == {
        **found, "name": "again", "space": None, "kinds": [],
    }  # fmt: skip

    scored = run("classes", "-w", home, "--group-by", "kinds", "--json")
    groups = {group["name"]: group for group in ok(scored)["groups"]}
    assert set(groups) == {
        "red thing × like its mistakes", "red thing × like the others", "green thing", "blue",
    }  # fmt: skip
    assert scored.json["worst_group_accuracy"] == 0
    assert sum(group["n"] for group in groups.values()) == 45  # not those it was found on
    assert "45 are left out" in scored.err
    by_file = ok(run("classes", "-w", home, "--group-by", "again", "--json"))
    assert sum(group["n"] for group in by_file["groups"]) == 90
    assert ok(run("classes", "-w", home, "--json"))["groups"] is None


def test_a_neuron_and_classes_asked_for(home, run):
    found = ok(run("groups", "make", "n3", "-w", home, "-n", 3, "-c", "blue", "--split", "valid",
                   "--json"))  # fmt: skip
    assert sum(found["counts"].values()) == 30
    assert set(found["values"]) == {"3 strong", "3 weak"}


def test_edits_go_by_a_grouping(home, run):
    ok(run("groups", "make", "kinds", "-w", home, "--json"))
    words = ("edit", "-w", home, "-c", 0, "--method", "dfr", "--seeds", 1, "--json")
    edited = ok(run(*words, "--group-by", "kinds"))
    assert edited["request"]["group_by"] == "kinds"
    assert edited["provenance"]["groups"].startswith("kinds ")
    assert edited["variants"][0]["worst_group"] is not None
    assert "give --group-by found" in run(*words).err
    assert "There is no grouping other" in run(*words, "--group-by", "other").err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("make", "../x"), "'../x' is no name for a grouping"),
        (("make", "blue", "-c", "blue"), "blue: too few mistakes to group (0)"),
        (("make", "x", "-n", "1", "--csv", "no.csv"), "made from one source"),
        (("make", "x", "--csv", "no.csv"), "No such file"),
        (("show", "x"), "There is no grouping x in this workspace (none yet)"),
        (("export", "../../x", "--out", "y.csv"), "is no name for a grouping"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(home, run, words, sentence):
    ran = run("groups", *words, "-w", home)
    assert ran.code == 2
    assert sentence in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert not (home / "groups").exists()


def test_a_damaged_grouping_does_not_hide_the_others(home, run):
    ok(run("groups", "make", "good", "-w", home, "-n", 1, "--json"))
    (home / "groups" / "bad.csv").write_text("nothing\n")
    listed = run("groups", "list", "-w", home, "--json")
    assert [entry["name"] for entry in ok(listed)] == ["good"]
    assert "bad.csv needs one column path" in listed.err


def test_names_of_the_data_are_plain_text(home, run):
    (home / "groups").mkdir()
    (home / "groups" / "x.csv").write_text(
        "path,value\nvalid/001_red_thing/000.png,[red]a[/]\nvalid/001_red_thing/001.png,b\n"
    )
    assert "[red]a[/]" in run("groups", "list", "-w", home).out
    assert "[red]a[/]" in run("groups", "show", "x", "-w", home).out
    assert "[red]a[/]" in run("classes", "--group-by", "x", "-w", home).out


def test_neurons_are_ranked_by_groups_found_or_named(home, run):
    refused = run("neurons", "-c", 0, "--by", "groups", "-w", home)
    assert refused.code == 2
    assert "needs groups" in refused.err
    found = run("neurons", "-c", 0, "--by", "groups", "--group-by", "found", "-w", home, "--json")
    assert "Groups: found on the selection images" in found.err
    listed = ok(found)["insufficient"] + ok(found)["excessive"]
    first = sorted(listed, key=lambda some: -some["score"])[:8]
    assert all(some["neuron"] < 16 for some in first)  # those that were planted
    assert all(some["stability"] is None for some in listed)
    ok(run("groups", "make", "kinds", "-w", home, "--json"))
    named = ok(
        run("neurons", "-c", 0, "--by", "groups", "--group-by", "kinds", "-w", home, "--json")
    )
    assert named["insufficient"] == ok(found)["insufficient"]
    shown = run("neurons", "-c", 0, "--by", "groups", "--group-by", "kinds", "-w", home)
    assert "groups" in shown.out


def test_auto_finds_groups_and_says_what_it_chose(home, run):
    made = ok(run("edit", "-c", "all", "--method", "auto", "--seeds", 1, "-w", home, "--json"))
    assert made["method"] == "auto"
    assert made["chosen"] in made["tried"]
    assert "zero" in made["tried"]
    assert made["provenance"]["groups"].startswith("found ")
    shown = run("edit", "-c", "all", "--method", "auto", "--seeds", 1, "-w", home)
    assert shown.code == 0, shown.err
    assert f"auto: {made['chosen']} for" in shown.out
    assert f"auto chose {made['chosen']}" in shown.out
