"""What goes wrong in a screen's threads, timers and handlers is said; the screen goes on."""

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Label

from engine.schema.errors import EngineError
from engine.schema.requests import FeaturesRequest
from screens import failures
from screens.base import Base
from screens.failures import sentence
from screens.guarded import is_open, while_open
from screens.latest import LatestTask
from screens.widgets.previews import Box, draw
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace

ERRORS = [
    (OSError(errno.EIO, "Input/output error", "/mnt/x"), "refused /mnt/x: Input/output error"),
    (MemoryError(), "Out of memory"),
    (KeyError("neuron"), "Internal error, KeyError: 'neuron'"),
]
KINDS = pytest.mark.parametrize(("error", "told"), ERRORS, ids=["os", "memory", "bug"])

pytestmark = pytest.mark.usefixtures("logged")


class Asked(Message):
    """Something that a screen handles."""


class Failing(Base):
    """Fails in a handler, or in a thread."""

    error: Exception

    def body(self) -> ComposeResult:
        self.said: list[str] = []
        self.latest = LatestTask(self, self.fail, self.said.append, self.said.append)
        yield Label("still here")

    def fail(self, *_: Any) -> Any:
        raise self.error

    def on_asked(self) -> None:
        self.fail()


def failing(workspace: FakeWorkspace, error: Exception) -> Failing:
    screen = Failing(workspace)
    screen.error = error
    return screen


@KINDS
async def test_of_a_thread(workspace: FakeWorkspace, error: Exception, told: str) -> None:
    screen = failing(workspace, error)
    async with Host(screen).run_test() as pilot:
        screen.latest.start()
        await settled(pilot)
        [said] = screen.said
        assert told in said
        assert said.endswith(f"(details in {failures.log_path()}).")
        assert not screen.latest.busy
        screen.latest.start()  # and again
        await settled(pilot)
        assert len(screen.said) == 2
    assert type(error).__name__ in failures.log_path().read_text()


@KINDS
async def test_of_a_message_a_callback_or_a_timer(
    workspace: FakeWorkspace, error: Exception, told: str
) -> None:
    screen = failing(workspace, error)
    app = Host(screen)
    async with app.run_test(notifications=True, size=(150, 24)) as pilot:
        for fail in (
            lambda: screen.post_message(Asked()),
            lambda: screen.call_later(screen.fail),
            lambda: screen.set_timer(0.001, while_open(screen, screen.fail)),
        ):
            app.clear_notifications()
            fail()
            await until(pilot, lambda: told.split(":")[0] in shown(pilot))
            assert "still here" in shown(pilot)


@KINDS
async def test_of_the_thread_that_follows_a_job(
    workspace: FakeWorkspace, error: Exception, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = failing(workspace, error)
    async with Host(screen).run_test() as pilot:
        monkeypatch.setattr(workspace, "follow", screen.fail)
        screen.job_line.submit(FeaturesRequest(split="valid"))
        await until(pilot, lambda: told in screen.job_line.error)


@KINDS
def test_of_one_picture(
    error: Exception, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: Any, **__: Any) -> None:
        raise error

    (tmp_path / "a.png").touch()
    monkeypatch.setattr("screens.widgets.previews.decode_picture", decode)
    assert told in draw(Box(tmp_path / "a.png", 8, 8)).problem


def test_an_expected_failure_is_its_own_sentence() -> None:
    assert sentence(EngineError("The disk is gone.")) == "The disk is gone."
    assert not failures.log_path().exists()


def test_a_log_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(failures, "log_path", lambda: tmp_path / "file" / "app.log")
    assert "no details: " in sentence(KeyError("x"))


def test_the_log_is_begun_anew_once_it_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "LOG_BYTES", 300)
    for number in range(9):
        sentence(KeyError(f"number {number}"))
    assert "number 8" in failures.log_path().read_text()
    assert failures.log_path().stat().st_size < 1000
    assert "number 5" in failures.log_path().with_suffix(".log.old").read_text()


class Slow(Base):
    """Gets its result when the test says so."""

    def body(self) -> ComposeResult:
        self.go, self.results = threading.Event(), list[bool]()
        self.latest = LatestTask(self, lambda: self.go.wait(20), self.take, self.notify)
        yield Label("there", id="there")

    def take(self, result: bool) -> None:
        self.query_one("#there")
        self.results.append(result)


@pytest.mark.parametrize("closing", [True, False])
async def test_a_result_for_a_closed_screen_is_dropped(
    workspace: FakeWorkspace, closing: bool
) -> None:
    below, screen = Failing(workspace), Slow(workspace)
    app = Host(below)
    async with app.run_test() as pilot:
        await app.push_screen(screen)
        screen.latest.start()
        ticked: list[bool] = []
        tick: Callable[[], None] = while_open(screen, lambda: ticked.append(True))
        assert is_open(screen)
        if closing:
            app.pop_screen()  # and do not wait: its widgets go one by one
            assert not is_open(screen)
        screen.go.set()
        tick()
        await settled(pilot)
        assert (screen.results, ticked) == (([], []) if closing else ([True], [True]))
        assert not failures.log_path().exists()
