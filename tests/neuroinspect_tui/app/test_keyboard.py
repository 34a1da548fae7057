"""Keys typed ahead, in fields, and those that leave the app."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.config import Config
from screens.classes.source import load_classes
from screens.edit.screen import EditScreen
from screens.messages import ToEdit
from tests.neuroinspect_tui.app.test_app import (  # noqa: F401
    Opening,
    Recorded,
    app,
    elsewhere,
    go,
    names,
    toasts,
)
from tests.screens.conftest import (  # noqa: F401
    log,
    planted,
    settled,
    shown,
    still,
    unfailing,
    until,
    workspace,
)
from tests.screens.erring import erring
from tests.screens.fake import FakeWorkspace
from tests.screens.planted import Planted


@pytest.fixture
def wrong(planted: Planted) -> NeuroinspectApp:  # noqa: F811
    """An app on a workspace whose classes all have mistakes."""
    stage = erring(planted)
    return Recorded(Config(), Opening(stage), stage.home)


def type_at_once(pilot: Pilot[Any], keys: Sequence[str]) -> None:
    """Send keys as one write of the terminal does, without waiting for anything."""
    for key in keys:
        character = key if len(key) == 1 else {"enter": "\r"}.get(key)
        pilot.app.post_message(events.Key(key, character))


@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        (["enter"], ["ClassesScreen", "MistakesScreen"]),
        (["ctrl+j"], ["ClassesScreen", "MistakesScreen"]),  # before the terminal was ours
        (["enter", "n", "w"], ["ClassesScreen", "MistakesScreen", "NeuronsScreen", "WhatIfScreen"]),
        (["enter", "n", "escape"], ["ClassesScreen", "MistakesScreen"]),
        (["J", "escape", "n"], ["ClassesScreen", "NeuronsScreen"]),
        (["slash", "c", "a", "t", "enter", "n"], ["ClassesScreen", "NeuronsScreen"]),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("while_starting", [True, False])
async def test_keys_typed_ahead_count_in_order(
    wrong: NeuroinspectApp, keys: list[str], ends: list[str], while_starting: bool
) -> None:
    async with wrong.run_test() as pilot:
        if not while_starting:
            await settled(pilot)
        type_at_once(pilot, keys)
        await until(pilot, lambda: names(pilot) == ends)
        await settled(pilot)
        assert names(pilot) == ends


async def test_a_key_waits_for_what_it_acts_on_and_others_do_not(
    wrong: NeuroinspectApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the classes are read, n waits; J works at once."""
    go_on = threading.Event()

    def slowly(*words: Any) -> Any:
        go_on.wait(20)
        return load_classes(*words)

    monkeypatch.setattr("screens.classes.screen.load_classes", slowly)
    async with wrong.run_test() as pilot:
        try:
            await pilot.pause()
            type_at_once(pilot, ["J"])
            await until(pilot, lambda: names(pilot) == ["ClassesScreen", "JobsScreen"])
            type_at_once(pilot, ["escape"])
            await until(pilot, lambda: names(pilot) == ["ClassesScreen"])
            type_at_once(pilot, ["j", "n"])
            await pilot.pause(0.2)
            assert names(pilot) == ["ClassesScreen"]
        finally:
            go_on.set()
        await until(pilot, lambda: names(pilot) == ["ClassesScreen", "NeuronsScreen"])


async def test_ctrl_c_names_the_key_that_quits_here(workspace: FakeWorkspace) -> None:  # noqa: F811
    app = Recorded(Config(keys={"app.quit": "Q"}), Opening(workspace), workspace.home)  # noqa: F811
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("ctrl+c")
        await go(pilot, ToEdit(1, (2,)))
        await settled(pilot)
        app.screen.query_one("#seeds").focus()
        await pilot.pause()
        await pilot.press("ctrl+c")  # Input's own: it copies, or says this
        await pilot.press("escape", "question_mark", "ctrl+c")
        await pilot.pause()
        told = [toast.removesuffix(" to quit the app; jobs go on.") for toast in toasts(app)]
        assert told[0] == "Press Q"
        assert told[-1] == "Press ctrl+q"
        assert "[" not in "".join(toasts(app))


async def test_letters_in_a_field_are_text_and_values_are_kept(
    app: NeuroinspectApp,  # noqa: F811
) -> None:
    async with app.run_test() as pilot:
        await go(pilot, ToEdit(1, (2,)))
        await settled(pilot)
        seeds = app.screen.query_one("#seeds", Input)
        seeds.focus()
        await pilot.pause()
        await pilot.press("3", "q", "j", "J")
        await pilot.pause()
        assert seeds.value == "3qjJ"
        assert names(pilot) == ["ClassesScreen", "EditScreen"]
        assert "no whole number" in shown(pilot)
        await pilot.press("backspace", "backspace", "backspace")
        neurons = app.screen.query_one("#neurons", Input)
        neurons.value = "2 q7"
        await pilot.pause()
        assert "give neurons" in shown(pilot)
        neurons.value = "2 7"
        await pilot.press("escape")
        await pilot.pause()
        assert names(pilot) == ["ClassesScreen"]

        await go(pilot, ToEdit(1, (2,)))
        await settled(pilot)
        assert isinstance(app.screen, EditScreen)
        kept = app.screen.values
        assert (kept["seeds"], kept["neurons"]) == ("3", "2 7")
        await pilot.press("escape")
        await go(pilot, ToEdit(1, (3,)))  # other neurons: another form
        await settled(pilot)
        assert isinstance(app.screen, EditScreen)
        assert (app.screen.values["seeds"], app.screen.values["neurons"]) == ("", "3")


async def test_a_read_only_workspace_says_so(workspace: FakeWorkspace) -> None:  # noqa: F811
    workspace.read_only = True
    app = Recorded(Config(), Opening(workspace), workspace.home)  # noqa: F811
    async with app.run_test() as pilot:
        await settled(pilot)
        assert [toast for toast in toasts(app) if "is read-only for you" in toast]
        assert "read-only" in shown(pilot).splitlines()[0]
        await pilot.press("J")
        await settled(pilot)
        assert "read-only" in shown(pilot).splitlines()[0]
