"""What each part of the evidence publishes, from steps whose figures are planted."""

import pytest

from docs.results import section
from evidence.__main__ import run
from evidence.kinds import ClassKinds, Kinds
from evidence.models import Model
from evidence.result_files import Shown, names, read
from evidence.words import Words

CASES = ("pretrained", "scratch")


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Parts that train nothing and measure what the seed says; returns what runs one of them."""
    results = tmp_path / "results"
    results.mkdir()
    monkeypatch.setattr("evidence.result_files.FOLDER", results)
    monkeypatch.setattr(Model, "make", lambda self: iter(()))
    monkeypatch.setattr(Model, "make_clip", lambda self: iter(()))
    monkeypatch.setattr(Model, "clips", lambda self: {"its own": "local-dir:x", "none": "none"})

    def share(model):
        return model.seed / 100

    def kinds(model, split, clip):
        many = ClassKinds(30, True, "clip", share(model), 0.0)
        return Kinds([many, ClassKinds(5, False, "clip", None, 0.1)], [share(model), 0.5, 0.2])

    def edit(model, split, name, request):
        figures = {"original": [0.7, 0.3], name: [0.9, share(model) + 0.5]}
        return figures | {f"{name}: retrain": [0.8, 0.6], f"{name}: placebo": [0.8, 0.4]}

    measures = {
        "rankings.measure": lambda model, split: {"votes": [share(model), 0.5, 0.4]},
        "sensitivity.measure": lambda model, k, check: {"votes": [share(model), 0.1 * k, 0.4]},
        "kinds.measure": kinds,
        "words.measure": lambda model, split, clip: Words({"gull": [["land"], []]}, 0.0, [1, 1, 0]),
        "repair.measure": lambda model, split, select, clip: {"zero": [0.9, share(model), 1.0]},
        "edits.measure": edit,
        "drawings.measure": lambda model: {"activation alone": [share(model), 0.2, 0.3, 0.4]},
        "retrieval.measure": lambda model, judge, shown: [share(model), float("real" in shown)],
    }
    for name, measure in measures.items():
        monkeypatch.setattr(f"evidence.{name}", measure)
    return lambda part: [run(f"{part}-{case}", tmp_path, 2, None) for case in CASES]


def rows_of(marker):
    """Return by its first cell each row of the table that a page would show."""
    lines = [line for line in section(marker).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells}


def test_rankings_stand_beside_each_other_by_case_and_balance(planted):
    planted("rankings")
    rows = rows_of("rankings-pretrained+rankings-scratch")
    assert rows["ranking"] == [
        f"{case}, {balance}"
        for case in ("pretrained-like", "scratch")
        for balance in ("balanced", "biased")
    ]
    assert rows["votes"] == ["0.21, 0.50, 0.40 [0.40, 0.40]"] * 4
    assert "data seeds 21 to 22" in read("rankings-scratch").seeds
    assert read("rankings-scratch").command == "make evidence PART=rankings-scratch"


def test_core_sensitivity_has_a_column_a_class(planted):
    planted("core-sensitivity")
    rows = rows_of("core-sensitivity-scratch")
    assert rows["ranking"] == ["scratch, landbird", "scratch, waterbird"]
    assert [cell.split(", ")[1] for cell in rows["votes"]] == ["0.00", "0.10"]


def test_kinds_count_classes_by_mistakes_below_each_other(planted):
    planted("kinds")
    rows = rows_of("kinds-pretrained+kinds-scratch")
    assert rows["scratch, biased; its own; 20 or more"] == ["2", "2", "0.215, 0.210", "0.00"]
    assert rows["pretrained-like, balanced; none; 3 to 9"] == ["2", "0", "-", "0.10"]
    finding = rows_of("finding-kinds-pretrained+finding-kinds-scratch")
    assert finding["groups found, CLIP: its own"] == ["0.21, 0.50"] * 4
    assert "words, CLIP: none" not in finding
    assert rows_of("words-kinds-scratch")["22, biased; its own"][0].startswith("gull: land")


def test_repair_names_what_looked_for_groups(planted):
    planted("repair")
    rows = rows_of("repair-pretrained+repair-scratch")
    kinds = ("zero, no groups", "zero, found, own CLIP", "zero, found, no CLIP")
    assert set(rows) == {"edit", *kinds}
    assert rows["zero, found, no CLIP"] == ["21.5 [15.1, 27.9]"] * 4


def test_edits_gain_over_their_best_control_which_is_named(planted):
    planted("edits")
    rows = rows_of("edits-scratch")
    # 21 and 22% + 50 over 60% of retrain, which is better than 40% of placebo
    assert rows["zero"] == ["90.0, 71.5", "+11.5 [+5.1, +17.9]", "retrain"] * 2
    assert rows["original"] == ["70.0, 30.0", "-", "-"] * 2
    assert "dfr, true groups" in rows


def test_drawings_have_a_column_a_figure(planted):
    planted("drawings")
    rows = rows_of("drawings-pretrained+drawings-scratch")
    assert rows["scratch, activation alone"][0] == f"{Shown([0.21, 0.22]):.2fi}"
    assert len(rows["pretrained-like, activation alone"]) == 4
    found = rows_of("retrieval-scratch")
    # each model has a neuron found in 21 or 22% of choices, and one found with real images only
    share, gain = found["its next real image"]
    assert share.startswith("61 [")
    assert gain.startswith("+50.0 [+0.0, ")
    assert found["with class and CLIP, as published"][0].startswith("11 [")
    assert found["with class and CLIP, as published"][1] == "-"


def test_a_part_publishes_its_own_files_alone(planted):
    planted("rankings")
    assert names() == ["rankings-pretrained", "rankings-scratch"]
