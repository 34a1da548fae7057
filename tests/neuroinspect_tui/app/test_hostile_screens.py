"""Every screen on data whose names are made to harm: nothing of them is obeyed by a terminal."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from PIL import Image
from rich.cells import cell_len
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from engine.data.splits import open_split
from engine.schema.errors import EngineError
from engine.schema.jobs import JobView
from engine.schema.requests import FeaturesRequest, Source
from neuroinspect_tui.app.app import NeuroinspectApp
from neuroinspect_tui.app.screens import SCREENS
from neuroinspect_tui.config import Config
from neuroinspect_tui.workspace import read_source, write_source
from screens.compare.dialogs import ExportDialog
from screens.file_location import FileLocation
from screens.messages import (
    Copied,
    OpenScreen,
    ToCompare,
    ToEdit,
    ToIllusions,
    ToKinds,
    ToMistakes,
    ToNeurons,
    ToPlots,
    ToWhatIf,
)
from screens.start.screen import StartScreen
from tests.hostile import forbidden, hostile_names
from tests.screens.conftest import log, logged, settled, still, unfailing  # noqa: F401  fixtures
from tests.screens.fake import FakeJob, FakeWorkspace
from tests.screens.planted import Planted, write_cache
from tests.screens.planted_edit import saved_edit

ACROSS, DOWN = 130, 45
NAMES = [name for name in hostile_names() if not {"\0", "/"} & set(name)]
VISIBLE = (r"\x1b", r"\u202e", "[red]", ":smile:")


def plant_hostile(root: Path, names: list[str], each: int) -> Planted:
    """A workspace like the planted one, of hostile names of classes and files."""
    data, home = root / "data", root / "w\x1b]0;x\x07s[red]\u202e"
    for k, name in enumerate(names):
        folder = data / "valid" / f"{k:04d}{_for_disk(name)}"
        folder.mkdir(parents=True)
        for i in range(each):
            inner = _for_disk(names[(k + 7 * i) % len(names)])
            Image.new("RGB", (8, 6), (k % 256, 20 * i % 256, 128)).save(folder / f"{i}{inner}.png")
    (root / "weights.safetensors").write_bytes(b"not read")
    write_source(home, Source(
        model="test_resnet", checkpoint=str(root / "weights.safetensors"), data=str(data),
        device="cpu", train_split="valid",
    ))  # fmt: skip
    source = read_source(home)
    listing = open_split(source, "valid")
    assert len(listing.classes) == len(names)
    write_cache(home / "features" / "planted-valid", listing, noise=2.6)
    return Planted(home, source, listing)


def _for_disk(name: str) -> str:
    """As much of a name as a file system takes, and a reader."""
    return name[:40].encode("utf-8", "ignore").decode().replace("\\", "")


class HostileWorkspace(FakeWorkspace):
    """Jobs have hostile titles, stages, errors and logs."""

    def view(self, some: FakeJob) -> JobView:
        place = 5 * self.made.index(some)
        words = [some_name[:200] for some_name in NAMES[place : place + 5]]
        return structs.replace(
            super().view(some), title=words[0], stage=words[1], waiting=words[2],
            error=words[3] if some.state != "running" else "",
        )  # fmt: skip

    def log(self, job: str, lines: int = 20) -> list[str]:
        return NAMES[-lines:]

    def runner(self) -> str:
        return "runner " + NAMES[3]


class Watched(NeuroinspectApp):
    """Looks at all that it draws, and keeps what else it sends to the terminal."""

    def __init__(self, *args: Any) -> None:
        self.sent: list[str] = []
        super().__init__(*args)

    def get_line_filters(self) -> Any:
        """Draw without the last door: names must be harmless, and straight, before it."""
        return App.get_line_filters(self)

    def send_to_terminal(self, escapes: str) -> None:
        self.sent.append(escapes)


class Guarded(Watched):
    def get_line_filters(self) -> Any:
        return NeuroinspectApp.get_line_filters(self)


def opened(stage: FakeWorkspace, kind: type[Watched] = Watched) -> Watched:
    return kind(Config(), lambda _home: stage, stage.home)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("STATE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.delenv("TMUX", raising=False)


@pytest.fixture
def few(tmp_path: Path) -> HostileWorkspace:
    """Twenty-four classes of eight images."""
    return HostileWorkspace(plant_hostile(tmp_path, NAMES[:10] + NAMES[400:414], 8))


def begun(recent: Path, reason: str = "") -> StartScreen:
    return StartScreen(["neuroinspect-tui"], [recent], recent, reason)


def _worst(stage: FakeWorkspace) -> int:
    """Return the class with the most mistakes."""
    cache = stage.cache()
    assert cache is not None
    return int(np.bincount(cache.labels[cache.predicted != cache.labels]).argmax())


def looked_at(pilot: Pilot[Any], *, straight: bool = True) -> str:
    """Return the screen's text; each line must be harmless, and as wide as the terminal."""
    strips = pilot.app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip if not segment.control) for strip in strips]
    for number, line in enumerate(lines):
        assert not forbidden(line), (type(pilot.app.screen).__name__, number, line)
        assert not straight or cell_len(line) == pilot.app.size.width, (number, line)
        line.encode()
    return "\n".join(lines)


async def walked(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys, look after each, and return all that was seen."""
    seen = looked_at(pilot)
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
        seen += "\n" + looked_at(pilot)
    return seen


async def test_a_thousand_classes(tmp_path: Path) -> None:
    """All of them at once, in a very tall terminal."""
    stage = HostileWorkspace(plant_hostile(tmp_path, NAMES, 1))
    app = opened(stage)
    async with app.run_test(size=(ACROSS, len(NAMES) + 20)) as pilot:
        await settled(pilot)
        seen = looked_at(pilot)
        assert all(fragment in seen for fragment in VISIBLE)
        assert "香豌豆" in seen
        await walked(pilot, "down", "down", "S", "i")


async def test_every_screen(few: HostileWorkspace) -> None:
    app = opened(few)
    edit = saved_edit(few.planted, 2)
    reached = set()
    async with app.run_test(size=(ACROSS, DOWN)) as pilot:
        await settled(pilot)
        await walked(pilot, "down", "down", "question_mark", "escape")
        reached.add(type(app.screen))
        k = _worst(few)
        moves: list[tuple[OpenScreen, tuple[str, ...]]] = [
            (ToCompare(edit), ("L", "escape", "p", "y")),
            (ToMistakes(k), ("t", "right", "enter", "right", "escape", "o", "escape", "y")),
            (ToPlots(), ("p", "p", "down", "right", "y")),
            (ToKinds(k), ("right", "enter", "escape", "y")),
            (ToNeurons(k), ("down", "space", "s", "a", "y")),
            (ToWhatIf(k, (1, 2)), ("right", "y")),
            (ToEdit(k, (1, 2)), ("down", "down", "y")),
            (ToIllusions(k, (1, 2)), ("right", "enter", "escape", "o", "y")),
        ]
        for move, keys in moves:
            pilot.app.screen.post_message(move)
            await settled(pilot)
            reached.add(type(app.screen))
            await walked(pilot, *keys)
            while len(app.screen_stack) > 2:
                app.pop_screen()
            await settled(pilot)
        for number in range(30):
            few.submit(FeaturesRequest(split=f"valid{number}"))
            if number % 2:
                few.last.end("failed")
        await pilot.press("J")
        await settled(pilot)
        reached.add(type(app.screen))
        seen = await walked(pilot, "space", *["down"] * 8, "enter")
        assert r"\x1b]52;c;UFdORUQ=" in seen
        assert reached >= set(SCREENS)


async def test_dialogs_and_the_start_screen(few: HostileWorkspace, tmp_path: Path) -> None:
    app = opened(few)
    async with app.run_test(size=(ACROSS, DOWN)) as pilot:
        await settled(pilot)
        for name in NAMES[:40:5]:
            for screen in (
                begun(tmp_path / _for_disk(name), name[:300]),
                FileLocation(tmp_path / _for_disk(f"{name}.png"), tmp_path),
            ):
                app.push_screen(screen)
                await pilot.pause()
                looked_at(pilot)
                app.pop_screen()
        await pilot.press("ctrl+p")
        await settled(pilot)
        looked_at(pilot)


async def test_toasts_notifications_and_the_clipboard(few: HostileWorkspace) -> None:
    app = opened(few)
    async with app.run_test(size=(ACROSS, DOWN)) as pilot:
        await settled(pilot)
        for name in NAMES[:60]:
            app.notify(name[:300], title=name[:100], markup=True)
            app.warn(name[:300])
            app.screen.post_message(Copied(f"/data/{name}"))
            await pilot.pause()
            looked_at(pilot)
            assert not forbidden(app.clipboard)
            app.clear_notifications()
        for number in range(20):
            few.submit(FeaturesRequest(split=f"v{number}"))
        app.WATCH_SECONDS = 0.01
        for some in few.made:
            app._notify_end(structs.replace(few.view(some), state="failed"))
            await pilot.pause()
            looked_at(pilot)
        told = [escapes for escapes in app.sent if escapes.startswith("\x1b]9;")]
        assert len(told) == len(few.made)
        for escapes in told:
            bodies = escapes.split("\x1b\\")
            assert len(bodies) == 3, "two sequences, and nothing that ends one early"
            assert not any(forbidden(body[1:]) for body in bodies[:2])


async def test_an_error_of_hostile_names_is_shown(few: HostileWorkspace) -> None:
    app = opened(few)
    async with app.run_test(size=(ACROSS, DOWN)) as pilot:
        await settled(pilot)
        for name in NAMES[:30:10]:
            few.refusal = f"{name[:300]} cannot be read."
            pilot.app.screen.post_message(ToIllusions(1, (3, 4)))
            await settled(pilot)
            looked_at(pilot)
            app.pop_screen()

        def failing(*_: Any, **__: Any) -> Any:
            raise EngineError(few.refusal)

        few.split = failing  # type: ignore[method-assign]
        few.cache = failing  # type: ignore[method-assign]
        for move in (ToMistakes(1), ToNeurons(1), ToWhatIf(1), ToEdit(1), ToCompare("x\x1b[2J")):
            pilot.app.screen.post_message(move)
            await settled(pilot)
            looked_at(pilot)
            while len(app.screen_stack) > 2:
                app.pop_screen()


async def test_what_is_typed_reaches_the_terminal_through_the_last_door(
    few: HostileWorkspace,
) -> None:
    """A field keeps what is in it exactly, which is not always what may be drawn."""
    app = opened(few, Guarded)
    async with app.run_test(size=(ACROSS, DOWN)) as pilot:
        for screen in (begun(few.home), ExportDialog(few.home / "x\x1b[2J")):
            app.push_screen(screen)
            await settled(pilot)
            looked_at(pilot)
            for name in NAMES[:150:2]:
                for field in screen.query(Input):
                    field.value = name[:60]
                await pilot.pause()
                # with the cursor on it, Textual's Input counts a heart and its selector apart
                looked_at(pilot, straight=False)


class Broken(Static):
    """A bug in drawing, whose message holds a name."""

    def render(self) -> Any:
        raise RuntimeError(NAMES[0])


@pytest.mark.usefixtures("logged")
async def test_the_traceback_of_a_bug_is_shown_too(
    few: HostileWorkspace, capfd: pytest.CaptureFixture[str]
) -> None:
    async def ended() -> None:
        app = opened(few)
        async with app.run_test(size=(ACROSS, DOWN)) as pilot:
            await settled(pilot)
            await app.screen.mount(Broken())
            await settled(pilot)

    with pytest.raises(RuntimeError):
        await ended()
    told = capfd.readouterr().err
    assert "RuntimeError" in told
    assert not forbidden(told.replace("\n", ""))
