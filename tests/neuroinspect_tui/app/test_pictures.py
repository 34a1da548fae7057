"""The choice of a picture renderer, with third parties' that work, do not fit, or are broken."""

from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual.strip import Strip

from engine.schema import registry
from engine.schema.errors import RequestError
from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.pictures import chosen
from neuroinspect_tui.config import Config
from screens.messages import ToMistakes, ToNeurons
from screens.widgets.gallery import Gallery
from screens.widgets.pictures import base
from screens.widgets.pictures.base import RENDERERS, Terminal
from screens.widgets.previews import Box, Display, draw
from tests.neuroinspect_tui.app.test_app import Opening, Recorded, go
from tests.screens.conftest import planted, settled, shown, still, workspace  # noqa: F401
from tests.screens.fake import FakeWorkspace

PLAIN = Terminal({"TERM": "linux"}, "256")
FANCY = Terminal({"TERM": "fancy"}, "truecolor")


class Letters:
    """Draws an x in every cell, on terminals called fancy."""

    name = "letters"

    def supported(self, terminal: Terminal) -> bool:
        return terminal.environment.get("TERM") == "fancy"

    def density(self, terminal: Terminal) -> tuple[int, int]:
        return 1, 1

    def render(self, image: Image.Image, cells: tuple[int, int], terminal: Terminal) -> list[Strip]:
        from rich.segment import Segment

        return [Strip([Segment("x" * cells[0])], cells[0])] * cells[1]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install renderers as a package with entry points does, for the length of a test."""

    def install(**points: str) -> None:
        folder = tmp_path / "toy-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        group = f"[{RENDERERS.group}]\n"
        (folder / "entry_points.txt").write_text(group + "\n".join(lines) + "\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        fresh = registry.Registry[Any](RENDERERS.package, RENDERERS.group, RENDERERS.what)
        for module in ("neuroinspect_tui.app.pictures", "screens.widgets.previews"):
            monkeypatch.setattr(import_module(module), "RENDERERS", fresh)
        # entry points are read once a process
        monkeypatch.setattr(
            registry, "_entry_points", lambda group: metadata.entry_points(group=group)
        )

    return install


def test_half_blocks_are_built_in_and_work_everywhere() -> None:
    assert base.BUILT_IN in RENDERERS.names()
    assert RENDERERS.get("half").supported(PLAIN)
    assert chosen("auto", PLAIN) == chosen("half", PLAIN) == ("half", [])


def test_an_unknown_name_lists_those_there_are(installed: Any) -> None:
    installed(letters=f"{__name__}:Letters")
    with pytest.raises(RequestError, match=r"choose from auto, half, .*letters"):
        chosen("oils", PLAIN)


def test_auto_takes_the_first_that_supports_the_terminal(installed: Any) -> None:
    installed(letters=f"{__name__}:Letters")
    assert chosen("auto", FANCY) == ("letters", [])
    assert chosen("auto", PLAIN) == ("half", [])
    assert chosen("letters", PLAIN)[0] == "letters"


@pytest.mark.parametrize("name", ["auto", "broken"])
def test_a_renderer_that_cannot_be_imported_is_one_sentence(installed: Any, name: str) -> None:
    installed(broken="no_such_module_at_all:Renderer")
    renderer, [problem] = chosen(name, PLAIN)
    assert renderer == "half"
    assert "picture renderer 'broken'" in problem
    assert "no_such_module_at_all" in problem


def test_previews_are_drawn_by_the_renderer_of_their_box(installed: Any, tmp_path: Path) -> None:
    installed(letters=f"{__name__}:Letters")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    boxes = [
        Box(tmp_path / "a.png", 4, 2, Display(name)) for name in ("letters", "half", "letters")
    ]
    assert [draw(box).rows[0].text for box in boxes] == ["xxxx", "▄▄▄▄", "xxxx"]


async def test_the_app_draws_with_the_chosen_one(
    workspace: FakeWorkspace,  # noqa: F811
    installed: Any,
) -> None:
    installed(letters=f"{__name__}:Letters", broken="no_such_module_at_all:Renderer")
    app = NeuroinspectApp(Config(pictures="letters"), Opening(workspace), workspace.home)
    async with app.run_test() as pilot:
        await go(pilot, ToMistakes(1))
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        assert "xxxxxxxxxxxxxx" in shown(pilot)
        assert "▄" not in shown(pilot)


async def test_a_broken_renderer_costs_one_warning(
    workspace: FakeWorkspace,  # noqa: F811
    installed: Any,
) -> None:
    installed(broken="no_such_module_at_all:Renderer")
    app = Recorded(Config(), Opening(workspace), workspace.home)
    async with app.run_test(notifications=True) as pilot:
        await settled(pilot)
        assert app.display_pictures.renderer == "half"
        assert len([toast for toast in app.toasts if "'broken'" in toast]) == 1


async def test_another_renderer_draws_at_once_what_is_shown(
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    app = NeuroinspectApp(Config(), Opening(workspace), workspace.home)
    async with app.run_test() as pilot:
        await go(pilot, ToMistakes(1))
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        assert "▄▄▄▄▄▄▄▄" in shown(pilot)
        offered = [
            command
            for command in app.get_system_commands(app.screen)
            if command.title.startswith("Pictures: ")
        ]
        assert [command.title for command in offered] == ["Pictures: half", "Pictures: none"]
        offered[-1].callback()
        await settled(pilot)
        assert "▄" not in shown(pilot)
        assert ".png" in shown(pilot)


async def test_plus_and_minus_change_pictures_on_all_screens_and_are_remembered(
    workspace: FakeWorkspace,  # noqa: F811
) -> None:
    def side(app: NeuroinspectApp) -> int:
        return app.screen.query(Gallery).first().side

    app = NeuroinspectApp(Config(), Opening(workspace), workspace.home)
    async with app.run_test(size=(100, 40)) as pilot:
        await go(pilot, ToMistakes(1))
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        usual = side(app)
        await pilot.press("plus", "greater_than_sign")
        await settled(pilot)
        larger = side(app)
        assert larger > usual
        await pilot.press("escape")
        await go(pilot, ToNeurons(1))
        await settled(pilot)
        before = app.larger_tiles
        await pilot.press("less_than_sign")
        assert app.larger_tiles == before - 1
        await pilot.press("minus")  # selects one neuron fewer
        assert app.larger_tiles == before - 1
        await pilot.press("greater_than_sign")
    again = NeuroinspectApp(Config(), Opening(workspace), workspace.home)
    async with again.run_test(size=(100, 40)) as pilot:
        await go(pilot, ToMistakes(1))
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        assert side(again) == larger
        await pilot.press("minus", "minus")
        await settled(pilot)
        assert side(again) == usual
