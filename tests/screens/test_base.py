"""What all screens share."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Label

from engine.schema.records import Progress
from engine.schema.requests import FeaturesRequest
from screens.base import Base, TopBar
from screens.command import Command, bindings
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.messages import Copied
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace


class Plain(Base):
    NAME = "Plain"
    TABLE: ClassVar = (Command("plain.none", "t", "none", "None", "Nothing", show=False),)
    BINDINGS = bindings(TABLE)

    def body(self) -> ComposeResult:
        yield Label("here")

    def command_line(self) -> tuple[str, ...]:
        return ("mistakes", "--class", "sweet pea")


async def test_a_breadcrumb_and_the_command_for_the_clipboard(workspace: FakeWorkspace) -> None:
    app = Host(Plain(workspace))
    async with app.run_test(message_hook=app.hear) as pilot:
        app.first.set_breadcrumb("ant", "mistakes")
        app.first.query_one(TopBar).status = "1 job"
        await pilot.press("y")
        await pilot.pause()
        top = shown(pilot).splitlines()[0]
        assert top.startswith(" ant › mistakes")
        assert top.rstrip().endswith("1 job")
        [copied] = app.posted(Copied)
        home = workspace.home.resolve()
        assert copied.text == f"neuroinspect-tui mistakes --class 'sweet pea' -w {home}"


async def test_a_job_is_followed_fails_and_is_tried_again(workspace: FakeWorkspace) -> None:
    app = Host(Plain(workspace))
    async with app.run_test(message_hook=app.hear) as pilot:
        line = app.first.job_line
        line.submit(FeaturesRequest(split="valid"))
        workspace.last.feed(Progress(stage="reading", done=3, total=10))
        await until(pilot, lambda: "reading" in shown(pilot))
        assert "3/10 images" in shown(pilot)
        workspace.last.lines.append("read 3 of 10")
        workspace.last.end("failed", "The disk is full.")
        await until(pilot, lambda: bool(line.error))
        assert "✗ The disk is full." in shown(pilot)
        assert "read 3 of 10" in shown(pilot)
        await pilot.press("R")
        workspace.last.end()
        await until(pilot, lambda: bool(app.posted(JobLine.Done)))
        assert not line.running
        assert "disk" not in shown(pilot)


async def test_on_a_narrow_line_breadcrumb_and_status_take_a_half_each(
    workspace: FakeWorkspace,
) -> None:
    app = Host(Plain(workspace))
    async with app.run_test(size=(40, 12)) as pilot:
        app.first.set_breadcrumb("sweet pea", "drawn", "2 neurons")
        app.first.query_one(TopBar).status = "2 jobs · draw sweet pea x2 2:36 left"
        await pilot.pause()
        top = shown(pilot).splitlines()[0]
        assert top.startswith(" sweet pea › drawn")
        assert "  2 jobs · draw" in top


async def test_a_job_that_another_resumed_is_followed_again(workspace: FakeWorkspace) -> None:
    app = Host(Plain(workspace))
    async with app.run_test() as pilot:
        line = app.first.job_line
        line.submit(FeaturesRequest(split="valid"))
        workspace.last.lines.append("long " * 30)
        workspace.last.end("interrupted", "It was interrupted.")
        await until(pilot, lambda: bool(line.error))
        await settled(pilot)
        assert line.size.height == 3  # each line of the log is cut, not wrapped
        workspace.last.state = "running"
        await pilot.press("R")
        assert line.running


async def test_a_job_that_cannot_be_started_says_so(workspace: FakeWorkspace) -> None:
    workspace.refusal = "The workspace is gone."
    app = Host(Plain(workspace))
    async with app.run_test() as pilot:
        app.first.job_line.submit(FeaturesRequest(split="valid"))
        await until(pilot, lambda: "✗ The workspace is gone." in shown(pilot))


async def test_only_the_newest_result_is_delivered(workspace: FakeWorkspace) -> None:
    import threading

    asked: list[int] = []
    taken: list[int] = []
    go = threading.Event()

    def find(number: int) -> int:
        asked.append(number)
        go.wait(5)
        return number

    app = Host(Plain(workspace))
    async with app.run_test() as pilot:
        task = LatestTask(app.first, find, taken.append, lambda sentence: None)
        for number in range(20):
            task.start(number)
        go.set()
        await settled(pilot)
        assert asked in ([0, 19], [19])
        assert taken == [19]
