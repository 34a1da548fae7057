import shutil
import sys
from dataclasses import dataclass

import msgspec
import pytest

from neuroinspect_tui.main import main


@dataclass(frozen=True)
class Ran:
    """What a run of the program left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return msgspec.json.decode(self.out.encode())


@pytest.fixture
def run(monkeypatch, capfd):
    """Runs the program in this process: torch is loaded once for all tests."""

    def running(*words) -> Ran:
        monkeypatch.setattr(sys, "argv", ["neuroinspect-tui", *map(str, words)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return running


@pytest.fixture(scope="session")
def filled_once(toy, tmp_path_factory):
    """A workspace with its feature cache and two edits, made by the program itself."""
    home = tmp_path_factory.mktemp("filled") / "ws"
    words = [
        ("init", home, "--model", toy.model, "--checkpoint", toy.checkpoint, "--data", toy.data),
        ("classes", "-w", home, "--workers", "0"),
        ("edit", "-w", home, "-c", "1", "--top", "10"),
        ("edit", "-w", home, "-c", "1", "--method", "ratio", "--epochs", "2", "--seeds", "2"),
    ]
    before = sys.argv
    for some in words:
        sys.argv = ["neuroinspect-tui", *map(str, some)]
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        sys.argv = before
        assert code == 0, some
    return home


@pytest.fixture
def filled(filled_once, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(filled_once, tmp_path / "ws")
