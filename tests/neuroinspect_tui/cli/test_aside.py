"""Suspects and setting images aside, from the command line."""

import pytest

from tests.neuroinspect_tui.cli.test_commands import ok, wrong_class


@pytest.fixture
def listed(filled, run):
    """The worst class by name, and its mistakes."""
    name = wrong_class(filled, run)["name"]
    return name, ok(run("mistakes", "-w", filled, "-c", name, "--json"))


def test_an_image_set_aside_counts_nowhere_until_it_is_brought_back(filled, run, listed):
    name, before = listed
    path = before["mistakes"][0]["path"]
    scores = ok(run("classes", "-w", filled, "--json"))
    ran = run("mistakes", "-w", filled, "-c", name, "--set-aside", path, "--json")
    after = ok(ran)
    assert "1 image of valid set aside" in ran.err
    assert after["n"] == before["n"] - 1
    assert [m["path"] for m in after["mistakes"]] == [m["path"] for m in before["mistakes"][1:]]
    assert [image["path"] for image in after["set_aside"]] == [path]
    ran = run("classes", "-w", filled, "--json")
    fewer = ok(ran)
    assert (fewer["n"], fewer["set_aside"]) == (scores["n"] - 1, 1)
    wrong = round(scores["n"] * (1 - scores["accuracy"])) - 1
    assert fewer["accuracy"] == pytest.approx(1 - wrong / (scores["n"] - 1))
    for words in (("neurons", "-c", name), ("whatif", "-c", name, "--top", 3), ("classes",)):
        ran = run(*words, "-w", filled)
        assert ran.code == 0
        assert "1 image of valid set aside" in ran.err
    assert "; 1 set aside" in ran.out
    ran = run("neurons", "-w", filled, "-c", name, "--mistake", path)
    assert (ran.code, "bring it back first" in ran.err) == (2, True)
    made = ok(run("edit", "-w", filled, "-c", name, "--top", 5, "--seeds", 2, "--json"))
    assert any("set aside: 1 of valid" in note for note in made["notes"])
    shown = run("mistakes", "-w", filled, "-c", name).out
    assert "1 set aside; images are in" in shown
    again = ok(run("mistakes", "-w", filled, "-c", name, "--bring-back", path, "--json"))
    assert again == before
    assert ok(run("classes", "-w", filled, "--json")) == scores


def test_what_cannot_be_set_aside_says_why(filled, run, listed):
    name, before = listed
    path = before["mistakes"][0]["path"]
    other = next(
        c["name"]
        for c in ok(run("classes", "-w", filled, "--json"))["classes"]
        if c["name"] != name
    )
    for words, sentence in (
        (("-c", other, "--set-aside", path), f"is an image of {name}"),
        (("-c", name, "--set-aside", "nowhere.png"), "No single image"),
        (("-c", name, "--bring-back", path), "is not set aside"),
        (("-c", name, "--set-aside", path, "--detach"), "--detach extracts features only"),
    ):
        ran = run("mistakes", "-w", filled, *words)
        assert (ran.code, sentence in ran.err) == (2, True), ran.err
    assert not (filled / "set_aside.csv").exists()


def test_a_listed_image_that_went_is_told_and_can_be_taken_off(filled, run, listed):
    name, before = listed
    table = filled / "set_aside.csv"
    table.write_text("path,split,class,reason\nvalid/gone.png,valid,some,\n")
    ran = run("mistakes", "-w", filled, "-c", name, "--json")
    assert ok(ran) == before
    assert "lists 1 image that valid does not have, such as valid/gone.png" in ran.err
    ran = run("mistakes", "-w", filled, "-c", name, "--bring-back", "valid/gone.png", "--json")
    assert ok(ran) == before
    assert "gone.png" not in ran.err
    assert table.read_text() == "path,split,class,reason\n"


def test_a_damaged_list_is_one_sentence_and_stays(filled, run):
    table = filled / "set_aside.csv"
    table.write_text("what?\n")
    for words in (("classes",), ("mistakes", "-c", 0), ("edit", "-c", 0)):
        ran = run(*words, "-w", filled)
        assert (ran.code, ran.out) == (2, "")
        assert "set_aside.csv is damaged" in ran.err
        assert "Traceback" not in ran.err
    assert table.read_text() == "what?\n"


def test_suspects_are_mistakes_most_suspect_first(filled, run, listed):
    counts = ok(run("classes", "-w", filled, "--json"))
    total = 0
    for entry in counts["classes"]:
        every = ok(run("mistakes", "-w", filled, "-c", entry["index"], "--json"))["mistakes"]
        some = ok(run("mistakes", "-w", filled, "-c", entry["index"], "--suspects", "--json"))
        marked = [m for m in every if m["suspect"] is not None]
        assert sorted(m["path"] for m in marked) == sorted(m["path"] for m in some["mistakes"])
        margins = [m["suspect"]["margin"] for m in some["mistakes"]]
        assert margins == sorted(margins, reverse=True)
        assert entry["suspects"] == len(marked)
        total += len(marked)
        if marked:
            said = run("mistakes", "-w", filled, "-c", entry["index"], "--suspects").out
            assert "looks like" in said
            assert "look before setting one aside" in said
    assert counts["suspects"] == total > 0
