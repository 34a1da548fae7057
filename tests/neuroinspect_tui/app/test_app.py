"""The app around the screens: where they lead, what is heard of jobs, keys and failures."""

import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.schema.errors import EngineError
from engine.schema.jobs import JobView, Request, State
from engine.schema.records import Progress
from engine.schema.requests import (
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
)
from neuroinspect_tui.app import routes
from neuroinspect_tui.app.app import DEMO, NeuroinspectApp
from neuroinspect_tui.app.screens import SCREENS
from neuroinspect_tui.app.watch import Watch
from neuroinspect_tui.config import Config, recent_workspaces
from screens.base import Base, TopBar
from screens.classes.screen import ClassesScreen
from screens.compare.screen import CompareScreen
from screens.edit.screen import EditScreen
from screens.help import HelpScreen
from screens.illusions.screen import IllusionsScreen
from screens.jobs import JobsScreen
from screens.messages import (
    Copied,
    OpenScreen,
    ToCompare,
    ToDemo,
    ToEdit,
    ToIllusions,
    ToMistakes,
    ToNeurons,
    ToPlots,
    ToResult,
    ToWhatIf,
    ToWorkspace,
)
from screens.mistakes.screen import MistakesScreen
from screens.neurons.screen import NeuronsScreen
from screens.plots.screen import PlotsScreen
from screens.start.screen import StartScreen
from screens.whatif.screen import WhatIfScreen
from tests.screens.conftest import (  # noqa: F401
    log,
    logged,
    planted,
    settled,
    shown,
    still,
    unfailing,
    until,
    workspace,
)
from tests.screens.fake import FakeWorkspace


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No person's own files; no waiting."""
    for name in ("STATE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setattr(NeuroinspectApp, "WATCH_SECONDS", 0.02)


class Opening:
    """Opens the planted workspace, whatever is asked for."""

    def __init__(self, stage: FakeWorkspace) -> None:
        self.stage, self.asked = stage, list[Path]()

    def __call__(self, home: Path) -> FakeWorkspace:
        self.asked.append(home)
        if home.name == "broken":
            raise EngineError(f"{home} is no workspace.")
        return self.stage


class Recorded(NeuroinspectApp):
    """Keeps what it notifies of, and what it sends to the terminal."""

    def __init__(self, *args: Any) -> None:
        self.toasts: list[str] = []
        self.sent: list[str] = []
        super().__init__(*args)

    def notify(self, message: str, **options: Any) -> None:
        self.toasts.append(message)
        super().notify(message, **options)

    def send_to_terminal(self, escapes: str) -> None:
        self.sent.append(escapes)
        super().send_to_terminal(escapes)


@pytest.fixture
def app(workspace: FakeWorkspace) -> NeuroinspectApp:  # noqa: F811
    return Recorded(Config(), Opening(workspace), workspace.home)


def names(pilot: Pilot[Any]) -> list[str]:
    return [type(screen).__name__ for screen in pilot.app.screen_stack[1:]]


def toasts(app: NeuroinspectApp) -> list[str]:
    assert isinstance(app, Recorded)
    return app.toasts


async def go(pilot: Pilot[Any], move: Any) -> None:
    pilot.app.screen.post_message(move)
    await pilot.pause()


async def test_messages_open_screens_and_escape_goes_back(app: NeuroinspectApp) -> None:
    async with app.run_test() as pilot:
        await pilot.pause()
        assert names(pilot) == ["ClassesScreen"]
        for move, kind in (
            (ToMistakes(1), MistakesScreen),
            (ToNeurons(1), NeuronsScreen),
            (ToIllusions(1, (2, 3)), IllusionsScreen),
            (ToWhatIf(1, (2,)), WhatIfScreen),
            (ToEdit(1, (2,)), EditScreen),
            (ToCompare("0001"), CompareScreen),
        ):
            await go(pilot, move)
            assert isinstance(pilot.app.screen, kind)
        await pilot.press("escape")
        assert names(pilot)[-1] == "WhatIfScreen"  # the comparison took the form's place
        await pilot.press(*["escape"] * 9)
        assert names(pilot) == ["ClassesScreen"]


@pytest.mark.parametrize(
    ("message", "kind", "arguments"),
    [
        (ToMistakes(1), MistakesScreen, {"class_index": 1}),
        (ToPlots(), PlotsScreen, {}),
        (ToNeurons(1, "a.png"), NeuronsScreen, {"class_index": 1, "mistake": "a.png"}),
        (ToIllusions(1, (2, 3)), IllusionsScreen, {"class_index": 1, "neurons": (2, 3)}),
        (ToWhatIf(1, (2,)), WhatIfScreen, {"class_index": 1}),
        (ToEdit(1, (2,), "5%", "0001"), EditScreen,
         {"class_index": 1, "neurons": (2,), "top": "5%", "on_edit": "0001"}),
        (ToCompare("0001"), CompareScreen, {"edit": "0001"}),
    ],
)  # fmt: skip
def test_a_screen_is_made_with_what_its_message_says(
    message: OpenScreen,
    kind: type[Base],
    arguments: dict[str, Any],
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    screen = routes.screen_for(message, workspace)
    assert type(screen) is kind
    assert {name: getattr(screen, name) for name in arguments} == arguments


def test_every_screen_is_opened_by_one_message_or_by_a_key() -> None:
    opened = [screen.OPENED_BY for screen in SCREENS if screen.OPENED_BY is not None]
    assert set(opened) == set(OpenScreen.__subclasses__())
    assert len(set(opened)) == len(opened)
    assert {screen for screen in SCREENS if screen.OPENED_BY is None} == {
        ClassesScreen, JobsScreen,
    }  # fmt: skip


async def test_jobs_from_anywhere_once(app: NeuroinspectApp) -> None:
    async with app.run_test() as pilot:
        await go(pilot, ToMistakes(1))
        await pilot.press("J")
        await pilot.pause()
        assert names(pilot)[-1] == "JobsScreen"
        await pilot.press("J")
        await go(pilot, ToIllusions(1, (2,)))
        await pilot.press("J")
        await pilot.pause()
        assert names(pilot) == ["ClassesScreen", "MistakesScreen", "JobsScreen"]
        await pilot.press("escape")
        assert names(pilot)[-1] == "MistakesScreen"


def view(request: Request, state: State = "done", **more: Any) -> JobView:
    kind = str(request.__struct_config__.tag)
    return JobView(id="00000000", kind=kind, title="some job", state=state, request=request, **more)


@pytest.mark.parametrize(
    ("job", "kind"),
    [
        (view(FeaturesRequest(split="valid")), ClassesScreen),
        (view(IllusionRequest(class_index=1, neurons=(2,))), IllusionsScreen),
        (view(HeatRequest(class_index=1, neuron=2)), NeuronsScreen),
        (view(EditRequest(classes=(1,)), "running"), EditScreen),
        (view(ExportRequest(edit="0001", out="/x.safetensors")), JobsScreen),
    ],
)
async def test_a_job_leads_to_its_result(
    app: NeuroinspectApp, job: JobView, kind: type[Base]
) -> None:
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("J")
        await go(pilot, ToResult(job))
        assert isinstance(app.screen, kind)
        await pilot.pause()
        assert ("some job: done" in shown(pilot)) == (kind is JobsScreen)


async def test_a_warning_is_shown_and_later_ones_are_no_business_of_the_app(
    app: NeuroinspectApp,
) -> None:
    """As of another package's ranking that cannot be imported: stderr is the screen's own."""
    before = warnings.showwarning
    async with app.run_test(notifications=True) as pilot:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("The ranking 'x' cannot be imported.", RuntimeWarning, stacklevel=1)
        await pilot.pause()
        assert "The ranking 'x' cannot be imported." in toasts(app)
    assert warnings.showwarning is before


async def test_a_finished_edit_opens_its_comparison(
    app: NeuroinspectApp,
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    edit = an_edit("0001ratio")
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("J")
        workspace.submit(EditRequest(classes=(1,)))
        workspace.last.feed(Progress(stage="editing", done=1, total=2))
        workspace.last.end()
        await go(pilot, ToResult(workspace.jobs()[0]))
        await until(pilot, lambda: "made no edit" in shown(pilot))
        workspace.last.feed(edit)
        await go(pilot, ToResult(workspace.jobs()[0]))
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))


def an_edit(id_: str) -> Any:
    from engine.schema.edits import Edit
    from engine.schema.records import Outcome

    same = Outcome(overall=0.5, worst_class=0.5, target=0.5, worst_group=None)
    return Edit(
        id=id_, created="", method="zero", classes=(), neurons={}, strength=0, targets={}, lr=0,
        batch_size=1, selected_on="", reported_on="", n_report=1, n_target=1, before=same,
        after=same,
        variants=(), differences=(), verdict="", notes=(), request=None, provenance={},
    )  # fmt: skip


async def test_the_end_of_a_job_is_seen_and_heard_anywhere(
    app: NeuroinspectApp,
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    assert isinstance(app, Recorded)
    workspace.submit(FeaturesRequest(split="train"))
    workspace.last.end()  # before the app was opened: not notified
    async with app.run_test(notifications=True) as pilot:
        await go(pilot, ToMistakes(1))
        workspace.submit(EditRequest(classes=(1,)))
        bar = app.screen.query_one(TopBar)
        await until(pilot, lambda: bar.status == "1 job · some job00001 0:19 left")
        assert app.active == 1
        workspace.last.end()
        await until(pilot, lambda: "✓ some job00001 done · J" in shown(pilot))
        workspace.submit(FeaturesRequest(split="valid"))
        workspace.last.end("failed", "The [disk] is full.")
        failed = "✗ some job00002 failed: The [disk] is full. · J"
        await until(pilot, lambda: failed in toasts(app))
        assert not any("job00000" in toast for toast in toasts(app))
        rung = [text for text in app.sent if text.startswith("\x1b]9;")]
        assert [text.partition("\x1b\\")[0] for text in rung] == [
            "\x1b]9;neuroinspect: ✓ some job00001 done · J",
            f"\x1b]9;neuroinspect: {failed}",
        ]
        assert (bar.status, app.active) == ("", 0)


def test_what_is_news() -> None:
    watch = Watch()
    edit, heat = EditRequest(classes=(1,)), HeatRequest(class_index=1, neuron=2)
    assert watch.update([view(edit)]).ended == ()
    assert watch.update([view(edit, "running", stage="loading")]).line == "1 job · some job loading"
    assert watch.update([view(edit, "interrupted")]).ended[0].state == "interrupted"
    assert watch.update([view(edit, "cancelled")]).ended == ()
    assert watch.update([]).ended == ()
    assert len(watch.update([view(heat)]).ended) == 1  # came and went between two snapshots


async def test_text_is_copied_and_said(
    app: NeuroinspectApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[str] = []
    monkeypatch.setattr("neuroinspect_tui.app.terminal.copy_in_tmux", handed.append)
    async with app.run_test(notifications=True) as pilot:
        await go(pilot, Copied("neuroinspect-tui classes -w '[x]'"))
        await settled(pilot)
        assert toasts(app) == ["Copied: neuroinspect-tui classes -w '[x]'"]
        assert app.clipboard == handed[0] == "neuroinspect-tui classes -w '[x]'"


async def test_an_expected_failure_is_said(
    app: NeuroinspectApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise EngineError("The [workspace] is gone.")

    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        monkeypatch.setattr(Base, "action_copy", fail)
        await pilot.press("y")
        await pilot.pause()
        assert "The [workspace] is gone." in shown(pilot)
        app.clear_notifications()
        app.screen.call_later(fail)
        await pilot.pause()
        await pilot.pause()
        assert "The [workspace] is gone." in shown(pilot)
        app.screen.notify("[b]cat[/] [/dog] has no mistakes.")
        await pilot.pause()
        assert "[b]cat[/] [/dog] has no mistakes." in shown(pilot)


@pytest.mark.usefixtures("logged")
async def test_a_bug_is_said_with_its_log_and_the_app_goes_on(
    app: NeuroinspectApp,
    monkeypatch: pytest.MonkeyPatch,
    log: Path,  # noqa: F811
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("neuron")

    async def fail_later() -> None:
        fail()

    told = f"Internal error, KeyError: 'neuron' (details in {log})."
    async with app.run_test() as pilot:
        await pilot.pause()
        monkeypatch.setattr(Base, "action_copy", fail)
        for bug in (
            lambda: app.simulate_key("y"),
            lambda: app.run_worker(fail_later()),
            lambda: app.run_worker(fail, thread=True),
            lambda: app.screen.run_worker(fail_later()),
            lambda: threading.Thread(target=fail).start(),
            lambda: app.screen.call_later(fail),
        ):
            toasts(app).clear()
            bug()
            await until(pilot, lambda: toasts(app) == [told])
        assert names(pilot) == ["ClassesScreen"]
    assert log.read_text().count("KeyError: 'neuron'") == 6


@pytest.mark.usefixtures("logged")
async def test_jobs_that_cannot_be_read_are_said_and_read_again(
    app: NeuroinspectApp,
    workspace: FakeWorkspace,  # noqa: F811
    log: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    async with app.run_test() as pilot:
        await pilot.pause()
        bar = app.screen.query_one(TopBar)
        with monkeypatch.context() as broken:
            broken.setattr(workspace, "jobs", fail)
            await until(pilot, lambda: bar.status == "cannot read the jobs")
        await until(pilot, lambda: not bar.status)
    assert log.read_text().count("OSError: [Errno 5]") == 1  # not one a second


async def test_without_a_workspace_the_start_screen_comes_first(
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    opening = Opening(workspace)
    app = NeuroinspectApp(Config(), opening, Path("/data/x"), "/data/x is no workspace.")
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, StartScreen)
        assert "/data/x is no workspace." in shown(pilot)
        await pilot.press("J", "question_mark")
        await pilot.pause()
        assert names(pilot) == ["StartScreen", "HelpScreen"]
        assert "start.demo" in shown(pilot)
        await pilot.press("escape")
        await go(pilot, ToWorkspace("/data/broken"))
        assert "/data/broken is no workspace." in shown(pilot)
        await go(pilot, ToWorkspace("/data/ws"))
        assert names(pilot) == ["ClassesScreen"]
        assert recent_workspaces() == [workspace.home.resolve()]
        await pilot.press("ctrl+o", "ctrl+o")
        assert names(pilot) == ["ClassesScreen", "StartScreen"]
        await go(pilot, ToWorkspace("/data/other"))
        assert names(pilot) == ["ClassesScreen"]
        await pilot.press("ctrl+o")
        await go(pilot, ToDemo())
    assert app.return_value == DEMO


async def test_help_and_palette_list_the_screens_commands(app: NeuroinspectApp) -> None:
    async with app.run_test() as pilot:
        await pilot.press("J")
        await settled(pilot)
        found = [command.title for command in app.get_system_commands(app.screen)]
        assert {"Back", "Copy", "Help", "Jobs", "Quit", "Theme"} <= set(found)
        assert "Cancel" not in found  # there is no job
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert "jobs.cancel" in shown(pilot)
        await pilot.press("escape", "ctrl+p", *"copy")
        await settled(pilot)
        assert "Copy the equivalent command" in shown(pilot)


DOCTOR = """
import json, sys
print(json.dumps([
    {"what": "said", "state": "ok", "found": " ".join(sys.argv[1:])},
    {"what": "pictures", "state": "ok", "found": "as a child without a terminal sees them"},
]))
"""


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PROGRAM", (sys.executable, "-c", DOCTOR))


@pytest.mark.usefixtures("examined")
async def test_the_doctor_examines_the_workspace_from_a_screen_and_from_help(
    app: NeuroinspectApp,
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark", "exclamation_mark")
        await settled(pilot)
        assert names(pilot) == ["ClassesScreen", "HelpScreen", "DoctorScreen"]
        text = shown(pilot)
        assert str(workspace.home.resolve()) in text
        assert "without a terminal" not in text
        assert f"{app.display_pictures.renderer} (" in text  # as the app draws them
        await pilot.press("escape", "escape", "exclamation_mark", "exclamation_mark")
        await settled(pilot)
        assert names(pilot) == ["ClassesScreen", "DoctorScreen"]  # once
        assert [c.title for c in app.get_system_commands(app.screen)].count("Doctor") == 1


@pytest.mark.usefixtures("examined")
async def test_the_doctor_works_without_a_workspace(workspace: FakeWorkspace) -> None:  # noqa: F811
    app = NeuroinspectApp(Config(), Opening(workspace), Path("/data/x"), "/data/x is none.")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "! examines this machine" in shown(pilot)
        await pilot.press("exclamation_mark")
        await settled(pilot)
        assert "doctor --json" in shown(pilot)
        await pilot.press("escape")
        assert names(pilot) == ["StartScreen"]


async def test_the_mouse_is_turned_off_and_on_from_the_palette(
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    app = Recorded(Config(mouse=False), Opening(workspace), workspace.home)

    def offered() -> list[str]:
        found = app.get_system_commands(app.screen)
        return [command.title for command in found if command.title.startswith("Mouse")]

    async with app.run_test(notifications=True, size=(120, 40)) as pilot:
        await settled(pilot)
        assert offered() == ["Mouse: on"]  # config.toml turned it off
        await pilot.press("ctrl+p", *"mouse", "enter")
        await settled(pilot)
        assert toasts(app) == ["The mouse is on: it chooses, scrolls and presses keys."]
        assert offered() == ["Mouse: off"]
        await pilot.press("ctrl+p", *"mouse", "enter")
        await settled(pilot)
        assert "The mouse is off: the terminal selects text." in toasts(app)[-1]
        assert offered() == ["Mouse: on"]


@pytest.mark.parametrize("theme", ["blue-orange", "blue-orange-light"])
async def test_our_themes_can_be_drawn(workspace: FakeWorkspace, theme: str) -> None:  # noqa: F811
    config = Config(theme=theme, slow_link=True)
    app = NeuroinspectApp(config, Opening(workspace), workspace.home)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert (app.theme, app.has_class("-slow-link")) == (theme, True)


async def test_quitting_leaves_jobs_alone(
    app: NeuroinspectApp,
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    workspace.submit(FeaturesRequest(split="train"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.active == 1)
        await pilot.press("q")
    assert workspace.last.state == "running"
    assert app.return_code == 0
