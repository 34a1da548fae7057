"""The table of keys against what is really bound, and config.toml's keys."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from textual.app import App
from textual.binding import Binding
from textual.keys import key_to_character
from textual.screen import Screen

import neuroinspect_tui.app
import screens
from neuroinspect_tui.app.actions import APP
from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.keys import (
    RENAMED,
    complaints,
    display,
    key_table,
    left_over,
    markdown_keys,
    renamed,
)
from neuroinspect_tui.app.screens import SCREENS
from neuroinspect_tui.config import Config
from screens.base import COMMON
from screens.messages import ToIllusions, ToMistakes, ToNeurons, ToWhatIf
from tests.neuroinspect_tui.app.test_app import Opening, Recorded, go, names
from tests.screens.conftest import planted, settled, shown, still, workspace  # noqa: F401
from tests.screens.erring import erring
from tests.screens.fake import FakeWorkspace

EEL = 4
GLYPHS = {"left": "←", "right": "→", "up": "↑", "down": "↓", "escape": "esc", "slash": "/",
          "plus": "+", "minus": "-"}  # fmt: skip


def written(key: str) -> str:
    """Return a key as the table should write it, without the table's own code."""
    held, _, last = key.rpartition("+")
    if key == "+" or not last:
        return key
    character = key_to_character(last) if len(last) > 1 else last
    glyph = GLYPHS.get(last, character if character and character.isprintable() else last)
    return f"{held}+{glyph}" if held else last if glyph == " " else glyph


def modules() -> Iterator[Any]:
    for package in (screens, neuroinspect_tui.app):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def bound() -> Iterator[tuple[str, str, str]]:
    """Yield (class, id, key) of every binding that a class of ours declares."""
    for module in modules():
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and kind.__module__ == module.__name__:
                for binding in vars(kind).get("BINDINGS", ()):
                    assert isinstance(binding, Binding), f"{name} binds a key without an id"
                    for key in binding.key.split(","):
                        yield name, binding.id or "", written(key.strip())


def in_table() -> list[tuple[str, str]]:
    """Return (id, key) of every key in the table."""
    return [(id_, key) for _, rows in key_table() for keys, _, id_ in rows for key in keys.split()]


def test_every_key_that_is_bound_is_in_the_table() -> None:
    listed = {
        (id_, key) for _, rows in key_table() for keys, _, id_ in rows for key in keys.split()
    }
    found = list(bound())
    assert {name for name, _, _ in found} >= {"ClassesScreen", "Table", "Choice", "HelpScreen"}
    assert [some for some in found if some[1:] not in listed] == []
    assert ("neurons.more", "+") in listed
    ids = {id_ for id_, _ in listed if id_}
    assert ids - {id_ for _, id_, _ in found} == set()


def test_the_keys_of_textual_are_in_the_table() -> None:
    listed = {
        key for _, rows in key_table() for keys, _, id_ in rows if not id_ for key in keys.split()
    }
    own = (binding for kind in (App, Screen) for binding in kind.BINDINGS)
    keys = {key for some in own if isinstance(some, Binding) for key in some.key.split(",")}
    assert keys == listed


@pytest.mark.parametrize(
    "message",
    [None, ToMistakes(0), ToNeurons(0), ToIllusions(0, (7,)), ToWhatIf(0)],
    ids=lambda message: type(message).__name__,
)
async def test_every_key_that_works_now_is_in_help(
    workspace: FakeWorkspace,  # noqa: F811
    message: Any,
) -> None:
    app = NeuroinspectApp(Config(), Opening(workspace), workspace.home)
    async with app.run_test(size=(120, 200)) as pilot:
        await settled(pilot)
        if message is not None:
            await go(pilot, message)
            await settled(pilot)
        works = {written(key) for key in app.screen.active_bindings}
        assert len(works) > 10
        await pilot.press("question_mark")
        await settled(pilot)
        listed = set(shown(pilot).split())
        assert works - listed == set()


def test_every_key_is_in_the_markdown_table() -> None:
    lines = markdown_keys().splitlines()
    assert lines[0] == "| where | key | what | id in config.toml |"
    assert "| Jobs | `enter` | Show the job's result | `jobs.open` |" in lines
    for _, rows in key_table():
        for keys, _, id_ in rows:
            cells = [line for line in lines if f"`{id_}`" in line] if id_ else lines
            assert all(any(f"`{key}`" in cell for cell in cells) for key in keys.split())


def test_ids_are_unique_and_keys_do_not_clash() -> None:
    for screen in SCREENS:
        ids = [command.id for command in screen.TABLE]
        assert len(set(ids)) == len(ids)
        assert all(command.help for command in screen.TABLE)
        common = left_over(COMMON, screen.TABLE)
        assert all(command.key for command in common), "a common command has a key everywhere"
        listed = [display(c.key).split() for c in (*screen.TABLE, *common, *APP)]
        keys = [key for some in listed for key in some]
        assert len(set(keys)) == len(keys), screen.NAME


async def test_keys_are_changed_by_config(workspace: FakeWorkspace) -> None:  # noqa: F811
    keys = {"app.jobs": "ctrl+j", "screen.back": "b", "screen.bakc": "z"}
    app = NeuroinspectApp(Config(keys=keys), Opening(workspace), workspace.home)
    async with app.run_test(notifications=True, size=(120, 50)) as pilot:
        await pilot.pause()
        assert "'screen.bakc'" in shown(pilot)
        await pilot.press("J")
        assert names(pilot) == ["ClassesScreen"]
        await pilot.press("ctrl+j", "question_mark")
        await pilot.pause()
        assert "ctrl+j" in shown(pilot)
        await pilot.press("escape", "b")
        assert names(pilot) == ["ClassesScreen"]


async def test_an_id_of_0_1_still_works_and_says_its_new_name(
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    workspace = erring(workspace.planted)
    app = Recorded(Config(keys={"neurons.tick": "f5"}), Opening(workspace), workspace.home)
    async with app.run_test(notifications=True, size=(120, 50)) as pilot:
        await settled(pilot)
        assert [toast for toast in app.toasts if "now called 'neurons.select'" in toast]
        await go(pilot, ToNeurons(EEL))
        await settled(pilot)
        await pilot.press("space")
        assert workspace.selected(EEL) == ()
        await pilot.press("f5")
        assert len(workspace.selected(EEL)) == 1


def test_old_ids_have_new_names_that_exist() -> None:
    ids = {id_ for _, rows in key_table() for _, _, id_ in rows}
    assert set(RENAMED.values()) <= ids
    assert not RENAMED.keys() & ids
    assert renamed({"compare.keep": "k", "app.quit": "Q"}) == {
        "compare.apply": "k",
        "app.quit": "Q",
    }


def test_wrong_keys_in_config_are_sentences() -> None:
    [unknown] = complaints({"jobs.cancle": "k"})
    assert "'jobs.cancle', which does not exist; did you mean jobs.cancel" in unknown
    clashes = complaints({"jobs.cancel": "r"})
    assert "config.toml puts jobs.cancel and jobs.resume on the same key, r." in clashes
    assert complaints({"jobs.cancel": "f5"}) == []


def test_keys_are_written_as_people_do() -> None:
    assert display("down,j") == "↓ j"
    assert display("plus,shift+left,ctrl+s,question_mark") == "+ shift+← ctrl+s ?"
    assert display("+,=") == "+ ="
