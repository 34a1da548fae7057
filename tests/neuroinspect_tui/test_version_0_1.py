"""A workspace that version 0.1 made is read, or says in a sentence what to do."""

import json
import re

import pytest

from engine.editing.store import list_edits, old_edits
from neuroinspect_tui import marks
from neuroinspect_tui.version_0_1 import leftovers
from neuroinspect_tui.workspace import read_source, set_checkpoint

EDIT_NAMES = {"variants": "arms", "selected_on": "chosen_on"}
VARIANT_NAMES = {"fixed": "won", "broken": "lost"}


def renamed(record, names):
    return {names.get(name, name): value for name, value in record.items()}


@pytest.fixture
def old(filled):
    """The workspace as version 0.1 would have left it."""
    (filled / "features").rename(filled / "bank")
    config = filled / "workspace.toml"
    config.write_text(config.read_text().replace("half_features = false", "half_bank = true"))
    for path in (filled / "edits").glob("*/edit.json"):
        record = json.loads(path.read_text())
        record["variants"] = [renamed(some, VARIANT_NAMES) for some in record["variants"]]
        path.write_text(json.dumps(renamed(record, EDIT_NAMES)))
    return filled


def test_its_settings_are_read(old):
    assert read_source(old).half_features
    set_checkpoint(old, "other.safetensors")
    assert read_source(old).half_features
    config = old / "workspace.toml"
    config.write_text(config.read_text() + "half_features = false\n")
    assert not read_source(old).half_features


def test_commands_say_what_to_do_about_its_features_and_extract_them_again(old, run):
    ran = run("classes", "-w", old, "--workers", 0, "--json")
    assert (ran.code, ran.json["n"]) == (0, 30)
    assert re.search(r"bank was made by version 0\.1 .* Remove it to free [1-9]\d* MB\.", ran.err)
    assert list((old / "features").glob("*/meta.json"))
    assert list((old / "bank").glob("*/meta.json"))


def test_edits_says_how_many_are_to_be_made_again(old, run):
    assert len(old_edits(old / "edits")) == 2
    assert list_edits(old / "edits") == []
    ran = run("edits", "-w", old)
    assert ran.code == 0
    assert "2 edits in edits/ were made by version 0.1" in ran.err
    ran = run("compare", old_edits(old / "edits")[0], "-w", old)
    assert ran.code == 2
    assert "was made by version 0.1" in ran.err


def test_the_doctor_lists_what_it_left(old, run):
    found = [
        some for some in run("doctor", "-w", old, "--json").json if some["what"] == "version 0.1"
    ]
    assert [some["state"] for some in found] == ["warning", "warning"]
    assert ["bank" in some["found"] for some in found] == [True, False]


def test_a_workspace_of_today_has_no_leftovers(filled, run):
    (filled / "bank").mkdir()
    (filled / "bank" / "of_a_person.txt").write_text("not ours")
    (filled / "edits" / "strange").mkdir()
    (filled / "edits" / "strange" / "edit.json").write_text("{}")
    assert leftovers(filled) == []
    assert run("edits", "-w", filled).err == ""


def test_its_marks_are_read_and_kept(filled):
    one = sorted(path.name for path in (filled / "edits").glob("[!.]*"))[0]
    (filled / "marks.json").write_text(json.dumps({"kept": one, "ticks": {"1": [5, 3]}}))
    assert marks.read_marks(filled) == marks.Marks(one, {"1": (5, 3)})
    assert marks.applied_edit(filled) == one
    marks.select_neurons(filled, 0, (2,))
    assert json.loads((filled / "marks.json").read_text()) == {
        "applied": one, "selected": {"1": [5, 3], "0": [2]}, "images": {},
    }  # fmt: skip
    marks.apply_edit(filled, None)
    assert marks.applied_edit(filled) is None
