"""Edit as it looks."""

from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.ablation import interactive as ablation
from engine.schema.edits import EditEpoch
from engine.schema.records import Outcome
from engine.schema.requests import EditRequest
from screens.edit.form import field_of
from screens.edit.screen import EditScreen
from tests.screens.conftest import Host, settled, until
from tests.screens.fake import FakeWorkspace
from tests.screens.planted_edit import plant_harder

ANT, DOG = 0, 3
SIZES = [(80, 24), (120, 36)]


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> FakeWorkspace:
    monkeypatch.setattr(ablation, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    return FakeWorkspace(plant_harder(tmp_path, groups=True))


@pytest.mark.parametrize("size", SIZES)
def test_the_form_with_an_error(snap_compare: Any, workspace: FakeWorkspace, size: Any) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        to_ratio = list(field_of("method").choices).index("ratio")
        await pilot.press("down", *["right"] * to_ratio)
        pilot.app.screen.query_one("#strength").focus()
        await pilot.press("-", "1", "up", "up", "up")
        await settled(pilot)

    assert snap_compare(Host(EditScreen(workspace, ANT)), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_an_edit_in_progress(snap_compare: Any, workspace: FakeWorkspace, size: Any) -> None:
    def outcome(target: float) -> Outcome:
        return Outcome(overall=0.9 - target / 100, target=target, worst_class=None,
                       worst_group=target / 2)  # fmt: skip

    workspace.submit(EditRequest(classes=(ANT,), method="ratio"))
    epochs = [
        EditEpoch(epoch=n, epochs=20, edit=outcome(0.4 + n / 20), seconds_left=19.0,
                  controls={"lambda 0": outcome(0.4 + n / 50), "placebo": outcome(0.4)})
        for n in range(1, 8)
    ]  # fmt: skip
    workspace.last.feed(*epochs)

    async def before(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "7/20" in str(screen.job_line.render()))
        await settled(pilot)

    screen = EditScreen(workspace, ANT)
    assert snap_compare(Host(screen), terminal_size=size, run_before=before)
