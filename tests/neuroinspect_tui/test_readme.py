"""What the README says that code says too."""

import re
from pathlib import Path

from neuroinspect_tui.app.keys import markdown_keys
from neuroinspect_tui.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_keys_are_those_the_screens_are_bound_by():
    assert markdown_keys().strip() in README


def test_every_picture_is_there():
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(shown) > 4
    assert [path for path in shown if not (ROOT / path).is_file()] == []


def test_every_command_is_told_of():
    names = [module.__name__.rpartition(".")[2] for module in COMMANDS]
    assert [name for name in names if name not in README] == []
