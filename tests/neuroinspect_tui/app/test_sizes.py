"""Terminals of any size: nothing ends, too small ones say so, and nothing is lost by it."""

import contextlib
import sys
from typing import Any

import pytest
from textual.message import Message
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.config import Config
from screens.guarded import Guarded
from screens.illusions.screen import IllusionsScreen
from screens.messages import (
    ToCompare,
    ToEdit,
    ToIllusions,
    ToMistakes,
    ToNeurons,
    ToPlots,
    ToWhatIf,
)
from screens.neurons.screen import NeuronsScreen
from screens.too_small import TooSmall
from tests.neuroinspect_tui.app.test_app import Opening, Recorded, elsewhere, go  # noqa: F401
from tests.screens.conftest import (  # noqa: F401
    log,
    planted,
    settled,
    shown,
    still,
    unfailing,
    until,
)
from tests.screens.erring import erring
from tests.screens.planted import Planted

SCREENS: dict[str, Message | str | None] = {
    "classes": None, "mistakes": ToMistakes(1), "neurons": ToNeurons(1),
    "illusions": ToIllusions(1, (2, 3)), "whatif": ToWhatIf(1, (2,)), "edit": ToEdit(1, (2,)),
    "compare": ToCompare("0001"), "plots": ToPlots(), "jobs": "J",
    "help": "question_mark", "start": "ctrl+o", "palette": "ctrl+p",
    "doctor": "exclamation_mark",
}  # fmt: skip
SIZES = [
    (1, 1), (3, 24), (80, 1), (2, 60), (300, 100), (1, 24), (30, 10), (60, 20), (39, 12), (3, 3),
]  # fmt: skip
DOCTOR = 'print(\'[{"what": "python", "state": "ok", "found": "3.11"}]\')'
ALWAYS = ("? Help", "J Jobs", "q Quit")


@pytest.fixture
def app(planted: Planted) -> NeuroinspectApp:  # noqa: F811
    stage = erring(planted)
    return Recorded(Config(), Opening(stage), stage.home)


@pytest.fixture(autouse=True)
def quick_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report without the seconds that torch takes."""
    monkeypatch.setattr("neuroinspect_tui.app.routes.PROGRAM", (sys.executable, "-c", DOCTOR))


@pytest.fixture(autouse=True)
def resting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No screen submits a job by itself meanwhile."""
    for screen in (NeuronsScreen, IllusionsScreen):
        monkeypatch.setattr(screen, "REST", 1000.0)


async def quiet(pilot: Pilot[Any]) -> None:
    """Wait until all is drawn; a picture may be given up for one of another size."""
    for _ in range(2):
        with contextlib.suppress(WorkerCancelled):
            await settled(pilot)


async def opened(pilot: Pilot[Any], name: str) -> None:
    """Open a screen, of which only the sending of its message is repeated by tests."""
    await quiet(pilot)
    how = SCREENS[name]
    if isinstance(how, str):
        await pilot.press(how)
    elif how is not None:
        fields = getattr(how, "__dataclass_fields__", {})
        await go(pilot, type(how)(**{field: getattr(how, field) for field in fields}))
    await quiet(pilot)


@pytest.mark.long
@pytest.mark.parametrize("name", SCREENS)
async def test_any_size_is_lived_through_and_the_screen_comes_back(
    app: NeuroinspectApp, name: str
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, name)
        before, focused, seen = app.screen, app.focused, shown(pilot)
        for size in SIZES:
            await pilot.resize_terminal(*size)  # while the last size is still being drawn
            if name in ("classes", "neurons", "jobs"):
                await pilot.press("down")
                await pilot.press("up")
        await pilot.resize_terminal(100, 30)
        await quiet(pilot)
        assert (app.screen, app.focused) == (before, focused)
        await until(pilot, lambda: shown(pilot) == seen)
    assert not app.return_code


@pytest.mark.parametrize("name", [name for name in SCREENS if name != "palette"])
async def test_a_terminal_that_is_too_small_says_so(app: NeuroinspectApp, name: str) -> None:
    async with app.run_test(size=(30, 10)) as pilot:
        await opened(pilot, name)
        assert isinstance(app.screen, Guarded)
        words = " ".join(shown(pilot).split())
        assert words == "This terminal is 30x10; it takes 40x12."
        await pilot.resize_terminal(40, 12)
        await quiet(pilot)
        assert not app.screen.query(TooSmall)
        assert "it takes" not in shown(pilot)


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("name", [name for name in SCREENS if name not in ("help", "palette")])
async def test_help_jobs_and_quit_are_always_in_the_footer(
    app: NeuroinspectApp, name: str, width: int
) -> None:
    async with app.run_test(size=(width, 24)) as pilot:
        await opened(pilot, name)
        footer = shown(pilot).splitlines()[-1]
        assert [key for key in ALWAYS if key not in footer] == []


WORDS = {
    "doctor": ["Everything works", "python"],
    "classes": ["correct", "accuracy", "worst class"],
    "mistakes": ["p(", "→"],
    "neurons": ["neuron", "contrast", "weight"],
    "whatif": ["neuron", "before", "after", "overall"],
    "edit": ["method", "seeds", "Run"],
    "jobs": ["progress", "no runner"],
    "help": ["Show the class's mistakes"],
}


@pytest.mark.parametrize("name", WORDS)
async def test_screens_are_useful_at_60_by_20(app: NeuroinspectApp, name: str) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(pilot, name)
        text = shown(pilot)
        assert [word for word in WORDS[name] if word not in text] == []
        if name == "neurons":
            assert len([line for line in text.splitlines() if "[ ]" in line]) >= 3
        assert all(len(line) <= 60 for line in text.splitlines())
