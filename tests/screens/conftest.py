"""Screens alone, in an app that does nothing but hold one."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from screens import failures
from tests.screens.fake import FakeWorkspace
from tests.screens.planted import Planted, plant

PATIENCE = 2000
"""Rounds of the app's loop; a thing that takes more will never come."""


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing moves by itself."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where unexpected failures go instead of a person's own log."""
    path = tmp_path / "app.log"
    monkeypatch.setattr(failures, "log_path", lambda: path)
    return path


@pytest.fixture
def logged() -> None:
    """This test wants unexpected failures."""


@pytest.fixture(autouse=True)
def unfailing(request: pytest.FixtureRequest, log: Path) -> Iterator[None]:
    """A bug does not end the app, so the test must fail by its log."""
    yield
    if "logged" not in request.fixturenames:
        assert not log.exists(), log.read_text()


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """A workspace on disk."""
    return plant(tmp_path)


@pytest.fixture
def workspace(planted: Planted) -> FakeWorkspace:
    """The workspace, with jobs that tests feed."""
    return FakeWorkspace(planted)


class Host(App[None]):
    """Holds one screen; keeps what it posts."""

    def __init__(self, screen: Any) -> None:
        super().__init__()
        self.first = screen
        self.seen: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.first)

    def hear(self, message: Any) -> None:
        """Pass to `run_test(message_hook=...)`."""
        if not any(message is some for some in self.seen):  # the hook sees every hop
            self.seen.append(message)

    def posted(self, kind: type) -> list[Any]:
        """Return the messages of a kind that reached the app."""
        return [message for message in self.seen if isinstance(message, kind)]


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until every question is answered and drawn."""
    await _answered(pilot)
    await pilot.pause()
    await _answered(pilot)
    await pilot.pause()


async def _answered(pilot: Pilot[Any]) -> None:
    """Wait for all workers; one that another took the place of is over too."""
    while any(not worker.is_finished for worker in pilot.app.workers):
        with suppress(WorkerCancelled):
            await pilot.app.workers.wait_for_complete()
        await pilot.pause(0.01)


async def until(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    """Wait for what a thread outside the app brings about."""
    for _ in range(PATIENCE):
        if true():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came")


def shown(pilot: Pilot[Any]) -> str:
    """Return the screen as text, line by line."""
    screen = pilot.app.screen
    lines = screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)
