"""All jobs, live."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from engine.schema.errors import EngineError
from engine.schema.jobs import Request, State
from engine.schema.requests import EditRequest, FeaturesRequest, HeatRequest, IllusionRequest
from screens.jobs import EMPTY, JobsScreen
from screens.messages import Copied, ToResult
from screens.widgets.table import Table
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace

WIDE = (120, 36)


@pytest.fixture
def busy(workspace: FakeWorkspace) -> FakeWorkspace:
    """One job of every state."""
    ended: tuple[tuple[Request, State, str], ...] = (
        (FeaturesRequest(split="train"), "failed", "The disk is full: 0.2 of 1.4 GiB needed."),
        (IllusionRequest(class_index=0, neurons=(1, 2)), "done", ""),
        (HeatRequest(class_index=0, neuron=3), "interrupted", ""),
        (EditRequest(classes=(0,)), "running", ""),
        (FeaturesRequest(split="valid"), "cancelled", ""),
    )
    for request, state, error in ended:
        workspace.submit(request)
        workspace.last.end(state, error)
        workspace.last.lines += [f"line {i}" for i in range(20)]
    return workspace


def log(pilot: Pilot[Any]) -> str:
    return str(pilot.app.screen.query_one("#log Static", Static).content)


async def test_no_jobs_yet(workspace: FakeWorkspace) -> None:
    app = Host(JobsScreen(workspace))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert EMPTY in shown(pilot)
        assert "no runner; the next job starts one" in shown(pilot)
        await pilot.press("enter", "x", "r", "d", "space", "y")
        await pilot.pause()
        assert not app.posted(ToResult)
        assert app.posted(Copied)[0].text.startswith("neuroinspect-tui jobs list -w")


async def test_every_state_says_where_it_is(busy: FakeWorkspace) -> None:
    app = Host(JobsScreen(busy))
    async with app.run_test() as pilot:
        await settled(pilot)
        lines = [" ".join(line.split()) for line in shown(pilot).splitlines()]
        assert "jobs › 1 active, 4 finished" in lines[0]
        assert "cancelled at 3 of 10" in lines[3]
        assert lines[4].endswith("working 3/10 0:19 left")
        assert "‖ job00002 some job00002 interrupted at 3 of 10" in lines[5]
        assert lines[6] == "✓ job00001 some job00001 done 0:12"
        assert "✗ job00000 some job00000 The disk is full" in lines[7]
        assert "⏎ Open" in lines[-1]


async def test_cancel_resume_and_open(busy: FakeWorkspace) -> None:
    app = Host(JobsScreen(busy))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        table = app.first.query_one(Table)
        await pilot.press("j", "x")
        await until(pilot, lambda: busy.job("job00003").state == "cancelled")
        await settled(pilot)
        await pilot.press("x")  # nothing more to cancel
        await pilot.press("r")
        await until(pilot, lambda: busy.job("job00003").state == "running")
        assert table.key == "job00003"
        await pilot.press("j", "j", "enter", "d", "y")
        await pilot.pause()
        assert app.posted(ToResult)[0].job.id == "job00001"
        path, command = app.posted(Copied)
        assert path.text == f"{busy.home}/jobs/job00001"
        assert command.text.startswith("neuroinspect-tui jobs show job00001 -w")


async def test_what_cannot_be_done_is_said(
    busy: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(job: str) -> None:
        raise EngineError(f"Job {job} runs elsewhere.")

    monkeypatch.setattr(busy, "cancel", refuse)
    app = Host(JobsScreen(busy))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("j", "x")
        await until(pilot, lambda: "Job job00003 runs elsewhere." in shown(pilot))


async def test_the_log_is_live_and_beside_where_there_is_room(busy: FakeWorkspace) -> None:
    app = Host(JobsScreen(busy))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "line 19" not in shown(pilot)
        await pilot.press("j", "space")
        await settled(pilot)
        assert "line 19" in shown(pilot)
        busy.job("job00003").lines.append("a new line")
        app.first.reload()
        await settled(pilot)
        assert "a new line" in shown(pilot)
        await pilot.press("space")
        await pilot.resize_terminal(*WIDE)
        await settled(pilot)
        assert "a new line" not in shown(pilot)  # hidden by hand stays hidden
        await pilot.press("space")
        await settled(pilot)
        assert "a new line" in shown(pilot)


async def test_the_cursor_stays_on_its_job(busy: FakeWorkspace) -> None:
    app = Host(JobsScreen(busy))
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("j")
        busy.submit(FeaturesRequest(split="valid"))
        app.first.reload()
        await settled(pilot)
        table = app.first.query_one(Table)
        assert (table.index, table.key) == (2, "job00003")
        assert "some job00003" in log(pilot)


async def test_jobs_that_cannot_be_read_are_said(
    busy: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> list[Any]:
        raise EngineError("Cannot read the jobs: stale file handle.")

    monkeypatch.setattr(busy, "jobs", broken)
    app = Host(JobsScreen(busy))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "✗ Cannot read the jobs: stale file handle." in shown(pilot)


@pytest.mark.parametrize("size", [(80, 24), WIDE])
def test_snapshot(snap_compare: Any, busy: FakeWorkspace, size: tuple[int, int]) -> None:
    busy.home = Path("/data/ws")

    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("j", *(("space",) if size[0] < 120 else ()))
        await settled(pilot)

    assert snap_compare(Host(JobsScreen(busy)), terminal_size=size, run_before=before)
