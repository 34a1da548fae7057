"""Parts of the evidence: steps are kept, time ends, every part has its name."""

import subprocess
import sys
import time

import pytest

from evidence.__main__ import names, run
from evidence.models import Model
from evidence.parts import PARTS
from evidence.parts.base import OutOfTimeError, Work


def test_a_step_is_measured_once(tmp_path):
    work = Work("rankings-scratch", tmp_path)
    measured = []

    def measure():
        measured.append(1)
        return {"votes": [0.5]}

    for _ in range(2):
        found = work.kept(tmp_path / "model", "rankings, biased", measure, dict[str, list[float]])
        assert found == {"votes": [0.5]}
    assert measured == [1]
    assert [path.name for path in (tmp_path / "model/evidence").iterdir()] == [
        "rankings_biased.json"
    ]


def test_no_step_begins_when_the_time_is_over_but_what_is_kept_is_read(tmp_path):
    early, late = Work("edits", tmp_path), Work("edits", tmp_path, until=time.monotonic() - 1)
    early.kept(tmp_path, "one", lambda: [1.0], list[float])
    assert late.kept(tmp_path, "one", lambda: [2.0], list[float]) == [1.0]
    with pytest.raises(OutOfTimeError, match="edits measured is kept"):
        late.kept(tmp_path, "two", lambda: [2.0], list[float])
    assert not (tmp_path / "evidence/two.json").exists()


def test_every_part_says_what_it_asks_and_is_found_by_its_names():
    for kind in PARTS.all().values():
        assert kind.help.endswith("?") or kind.help.startswith("train")
    assert {"rankings-pretrained", "rankings-scratch", "suspects"} <= set(names())
    assert len(set(names())) == len(names())


def test_a_part_gets_the_models_of_its_case(tmp_path, monkeypatch):
    seen = []

    class Part:
        help, by_case = "is it so?", True

        def run(self, work):
            seen.append((work.name, [(model.case, model.seed) for model in work.models]))

    monkeypatch.setattr(PARTS, "get", lambda name: {"core-sensitivity": Part()}[name])
    run("core-sensitivity-scratch", tmp_path, 2, None)
    assert seen == [("core-sensitivity-scratch", [("scratch", 21), ("scratch", 22)])]


def test_seeds_are_said_in_words(tmp_path):
    models = [Model("scratch", seed, tmp_path) for seed in (21, 22)]
    assert Work("x", tmp_path, models).seeds == "two models of each case, data seeds 21 to 22"
    assert Work("x", tmp_path, models[:1]).seeds == "one model of each case, data seed 21"


def test_an_unknown_part_is_one_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "evidence", "nothing", "--dir", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "unknown part 'nothing'; choose from architectures" in done.stderr
    assert "Traceback" not in done.stderr
