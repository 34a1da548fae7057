"""Choosing or making a workspace."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from screens.messages import Copied, ToDemo, ToWorkspace
from screens.start.form import FIELDS, init_words
from screens.start.screen import StartScreen
from tests.screens.conftest import Host, settled, shown, until

INIT = """
import pathlib, sys
print("importing torch", file=sys.stderr)
if "broken" in sys.argv:
    print("neuroinspect-tui: No model 'broken'; see timm.", file=sys.stderr)
    sys.exit(2)
pathlib.Path(sys.argv[2]).mkdir()
pathlib.Path(sys.argv[2], "said").write_text(" ".join(sys.argv[1:]))
print('{"notes": ["Classes [sorted] by name.", "Tried on 30 images."], "classes": 3}')
"""
PROGRAM = (sys.executable, "-c", INIT)


def start(root: Path, recent: int = 2, **more: Any) -> Host:
    return Host(
        StartScreen(PROGRAM, [Path(f"/data/ws{i}") for i in range(recent)], root / "demo", **more)
    )


async def write(pilot: Pilot[Any], *values: str) -> None:
    """Put words in the first fields, and the cursor in the last one of them."""
    inputs = [*pilot.app.screen.query(Input)]
    for field, value in zip(inputs, values, strict=False):
        field.value = value


async def test_a_recent_workspace_opens(tmp_path: Path) -> None:
    app = start(tmp_path)
    async with app.run_test(message_hook=app.hear) as pilot:
        await pilot.press("j", "enter")
        await pilot.pause()
        assert app.posted(ToWorkspace)[0].home == "/data/ws1"


async def test_the_demo_opens_or_is_made_first(tmp_path: Path) -> None:
    app = start(tmp_path, recent=0)
    async with app.run_test(message_hook=app.hear) as pilot:
        await pilot.pause()
        assert "None yet. d opens a demo" in shown(pilot)
        assert "`neuroinspect-tui demo`, about 3 minutes" in shown(pilot)
        await pilot.press("d")
        await pilot.pause()
        assert app.posted(ToDemo)
        (tmp_path / "demo").mkdir()
        (tmp_path / "demo" / "workspace.toml").touch()
        await pilot.press("d")
        await pilot.pause()
        assert app.posted(ToWorkspace)[0].home == str(tmp_path / "demo")


async def test_the_form_asks_for_what_is_missing_then_runs_init(tmp_path: Path) -> None:
    app = start(tmp_path)
    async with app.run_test(message_hook=app.hear) as pilot:
        await pilot.press("n", *"ws", "enter", *"toy", "enter")
        assert app.focused is not None
        assert app.focused.name == "checkpoint"
        assert "pretrained" in shown(pilot)  # its hint
        await pilot.press("ctrl+s")
        assert app.focused.name == "checkpoint"
        home = str(tmp_path / "made")
        await write(pilot, home, "toy", "untrained", "/data")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(app.posted(ToWorkspace)))
        assert app.posted(ToWorkspace)[0].home == home
        [told] = app._notifications  # markup in names is text
        assert told.message == "Classes [sorted] by name. · Tried on 30 images."
        asked = f"init {home} --model toy --untrained --data /data --json"
        assert Path(home, "said").read_text() == asked


async def test_an_error_of_init_is_shown_and_can_be_corrected(tmp_path: Path) -> None:
    app = start(tmp_path)
    async with app.run_test(message_hook=app.hear) as pilot:
        await pilot.press("n")
        await write(pilot, str(tmp_path / "made"), "broken", "w.pt", "/data")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "✗ No model 'broken'; see timm." in shown(pilot))
        await write(pilot, str(tmp_path / "made"), "flipped")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(app.posted(ToWorkspace)))


async def test_escape_leaves_the_form_and_keys_are_keys_again(tmp_path: Path) -> None:
    app = start(tmp_path, reason="/data/x is no workspace.", directory="/data/x")
    async with app.run_test(message_hook=app.hear) as pilot:
        await pilot.pause()
        assert "/data/x is no workspace." in shown(pilot)
        await pilot.press("n", "d", "y")
        assert not app.posted(ToDemo)
        await pilot.press("escape", "y")
        await pilot.pause()
        assert app.posted(Copied)[0].text == "neuroinspect-tui init /data/x --model dy"
        await pilot.press("escape")
        assert app.screen is app.first


STUCK = """
import os, pathlib, signal, sys
pathlib.Path(sys.argv[2]).write_text(str(os.getpid()))
print("stuck", file=sys.stderr)
signal.pause()
"""


async def test_init_stops_when_the_app_is_left(tmp_path: Path) -> None:
    app = Host(StartScreen((sys.executable, "-u", "-c", STUCK), (), tmp_path))
    async with app.run_test() as pilot:
        await pilot.press("n")
        await write(pilot, str(tmp_path / "pid"), "toy", "none", "/data")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "stuck" in shown(pilot))
        pid = int((tmp_path / "pid").read_text())
        assert is_there(pid)
    assert not is_there(pid)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_words_of_the_form() -> None:
    values = {field.name: field.default for field in FIELDS}
    values |= {"directory": "ws", "model": "resnet50", "checkpoint": "pretrained", "data": "d"}
    assert init_words(values) == ["init", "ws", "--model", "resnet50", "--pretrained",
                                  "--data", "d"]  # fmt: skip
    values |= {"checkpoint": "b.pth", "eval split": "test", "clip": "local-dir:c"}
    assert init_words(values)[4:] == ["--checkpoint", "b.pth", "--data", "d", "--eval-split",
                                      "test", "--clip", "local-dir:c"]  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_snapshot(snap_compare: Any, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(*(("n",) if size[0] < 120 else ()))
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    app = Host(StartScreen(PROGRAM, (Path("/data/flowers"),), Path("/data/demo")))
    assert snap_compare(app, terminal_size=size, run_before=before)
