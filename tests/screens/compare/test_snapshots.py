"""Compare as it looks."""

from types import SimpleNamespace
from typing import Any

import pytest

from engine.ablation import interactive as ablation
from screens.compare.screen import CompareScreen
from tests.screens.conftest import Host, settled
from tests.screens.fake import FakeWorkspace
from tests.screens.planted_edit import plant_harder, saved_edit

ANT, DOG = 0, 3
SIZES = [(80, 24), (120, 36)]


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> FakeWorkspace:
    monkeypatch.setattr(ablation, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    return FakeWorkspace(plant_harder(tmp_path, groups=True))


@pytest.mark.parametrize("size", SIZES)
def test_an_edit_compared(snap_compare: Any, workspace: FakeWorkspace, size: Any) -> None:
    edit = saved_edit(workspace.planted, DOG, count=8)
    workspace.apply(edit.id)
    app = Host(CompareScreen(workspace, edit.id))
    assert snap_compare(app, terminal_size=size, run_before=settled)
