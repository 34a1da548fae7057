import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from neuroinspect_tui.cli import COMMANDS

HEAVY = ("torch", "torchvision", "timm", "open_clip")
CONTRACTS = tomllib.loads(
    (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
)["tool"]["importlinter"]["contracts"]
# import-linter sees no deferred import: each module of its contract is imported for real
[FRONT_DOOR] = [
    c["source_modules"] for c in CONTRACTS if HEAVY[0] in c.get("forbidden_modules", ())
]
FRONT_DOOR = (*FRONT_DOOR, "neuroinspect_tui.main")
# one interpreter for all of them: what one loads, it and all after it are blamed for, by name
IMPORTING = """
import importlib, json, pkgutil, sys
guilty = {}
for name in json.loads(sys.argv[1]):
    found = importlib.import_module(name)
    for module in pkgutil.walk_packages(getattr(found, "__path__", ()), f"{name}."):
        importlib.import_module(module.name)
    heavy = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
    if heavy:
        guilty[name] = heavy
print(json.dumps(guilty))
"""
# one interpreter for many commands: what one loads, all are blamed for, by name
SCRIPT = """
import contextlib, io, json, sys
from neuroinspect_tui.main import main
guilty = {}
for words in json.loads(sys.argv[1]):
    sys.argv = ["neuroinspect-tui", *words]
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        try:
            main()
        except SystemExit as leaving:
            assert not leaving.code, words
    heavy = [name for name in json.loads(HEAVY) if name in sys.modules]
    if heavy:
        guilty[" ".join(words)] = heavy
print(json.dumps(guilty))
"""


def guilty(commands):
    script = SCRIPT.replace("HEAVY", repr(json.dumps(HEAVY)))
    ran = subprocess.run(
        [sys.executable, "-c", script, json.dumps(commands)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_the_torch_free_packages_are_those_promised():
    promised = "schema io grouping evaluation attribution ablation"
    assert {f"engine.{name}" for name in promised.split()} | {"screens"} <= set(FRONT_DOOR)


def imported(*names):
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTING, json.dumps(names), json.dumps(HEAVY)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout)


def test_every_module_of_the_front_door_sees_no_torch():
    assert imported(*FRONT_DOOR) == {}


def test_rankings_and_edit_methods_are_listed_and_described_without_torch():
    script = f"""
import sys
from engine.attribution.rankings import RANKINGS
from engine.editing.methods import EDIT_METHODS
assert RANKINGS.names() and EDIT_METHODS.names()
assert "numpy" not in sys.modules
assert all(kind.help for kind in (*RANKINGS.all().values(), *EDIT_METHODS.all().values()))
print([n for n in {HEAVY} if n in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_module_that_needs_torch_would_be_caught():
    assert imported("engine.schema", "engine.models.optimizer") == {
        "engine.models.optimizer": ["torch"]
    }


def test_help_sees_no_torch():
    assert guilty([["--help"], *([command, "--help"] for command in COMMANDS)]) == {}


def test_a_filled_workspace_answers_without_torch(filled):
    at = ["-w", str(filled)]
    edit = sorted(path.name for path in (filled / "edits").glob("[!.]*"))[0]
    asked = [
        ["classes", *at],
        ["mistakes", "-c", "1", *at],
        ["neurons", "-c", "1", *at],
        ["neuron", "3", "-c", "1", *at],
        ["whatif", "-c", "1", "--top", "5", "--curve", *at],
        ["edits", *at],
        ["compare", edit, *at],
    ]
    report = ["report", "--out", str(filled / "report.html"), *at]
    assert guilty([*asked, *([*words, "--json"] for words in asked), report]) == {}
