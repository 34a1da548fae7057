"""The doctor's report: run in a child, shown, stopped when the screen is closed."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from screens.doctor import DoctorScreen
from screens.messages import Copied
from tests.screens.conftest import Host, settled, shown, until

REPORT = """
import json, os, sys
sys.stderr.write("importing torch\\n")
print(json.dumps([
    {"what": "python", "state": "ok", "found": "3.11.0"},
    {"what": "said", "state": "ok", "found": " ".join(sys.argv[1:])},
    {"what": "pictures", "state": "ok", "found": "half (the terminal was not asked)"},
    {"what": "checkpoint", "state": "failed", "found": "best.pth is not there. " * 9 + "[red]end"},
    {"what": "CLIP", "state": "warning", "found": "none"},
]))
sys.exit(1)
"""
WELL = 'print(\'[{"what": "python", "state": "ok", "found": "3.11"}]\')'
REFUSED = "import sys; sys.exit('neuroinspect-tui: /nowhere is not a workspace.')"
STUCK = """
import os, pathlib, signal, sys
pathlib.Path("PID").write_text(str(os.getpid()))
signal.pause()
"""


def doctor(script: str, home: Path | None = None, **here: str) -> Host:
    return Host(DoctorScreen((sys.executable, "-c", script), home, here))


async def test_it_shows_the_report_of_doctor(tmp_path: Path) -> None:
    app = doctor(REPORT, tmp_path)
    async with app.run_test(size=(80, 24), message_hook=app.hear) as pilot:
        await settled(pilot)
        text = shown(pilot)
        assert "✗ 1 failed: checkpoint. ! 1 warning: CLIP." in text
        assert "✓  python" in text
        assert f"doctor -w {tmp_path}" in " ".join(text.split())
        assert "[red]end" in text  # a long line is folded, and no markup
        await pilot.press("y")
        await pilot.pause()
        assert app.posted(Copied)[0].text == f"neuroinspect-tui doctor -w {tmp_path}"


async def test_what_the_app_knows_better_replaces_what_a_child_without_a_terminal_says() -> None:
    app = doctor(REPORT, pictures="kitty (kitty shows kitty)")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "kitty (kitty shows kitty)" in shown(pilot)
        assert "was not asked" not in shown(pilot)
        assert "doctor --json" in shown(pilot)  # no workspace is named


async def test_without_a_fault_it_says_so_and_examines_again() -> None:
    app = doctor(WELL)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "✓ Everything works." in shown(pilot)
        await pilot.press("r")
        await settled(pilot)
        assert shown(pilot).count("✓  python") == 1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (REFUSED, "✗ `doctor` gave no report: /nowhere is not a workspace."),
        ("print('[1]')", "✗ `doctor` gave no report: it printed nothing"),
    ],
)
async def test_no_report_is_a_sentence(script: str, said: str) -> None:
    app = doctor(script)
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        assert said in shown(pilot)


async def test_a_program_that_cannot_be_started_is_a_sentence(tmp_path: Path) -> None:
    app = Host(DoctorScreen((str(tmp_path / "none"),), None))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "✗ Cannot start `doctor`: No such file or directory." in shown(pilot)


async def test_closing_it_stops_doctor(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    app = doctor(STUCK.replace("PID", str(pid)))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pid.exists() and bool(pid.read_text()))
        app.pop_screen()
        await until(pilot, lambda: not Path(f"/proc/{pid.read_text()}").exists())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_snapshot(snap_compare: Any, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot)

    app = doctor(REPORT, Path("/data/ws"), pictures="quadrant")
    assert snap_compare(app, terminal_size=size, run_before=before)
