"""Drawings: found, started, previewed, finished; drawn with other settings."""

from pathlib import Path

from textual.widgets import Input

from engine.schema.requests import IllusionRequest
from engine.visualization.store import picture_path
from screens.illusions.grid import DrawingGallery
from screens.illusions.screen import IllusionsScreen
from screens.job_line import JobLine
from screens.messages import Copied, ToEdit, ToWhatIf
from tests.screens.blamed import draw, facts
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace
from tests.screens.illusions.drawn import BOTH, asked, begun, illusions, step


async def test_drawings_are_previewed_and_finished(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await begun(pilot, workspace)
        assert workspace.last.request == BOTH
        assert "waiting" in shown(pilot)
        workspace.last.feed(step(workspace, BOTH, 25))
        await until(pilot, lambda: "step 25/450" in shown(pilot))
        assert "activation 1.50" in shown(pilot)
        gallery = pilot.app.screen.query_one(DrawingGallery)
        await until(pilot, lambda: str(gallery.tile(0).source).endswith("_step0025.png"))
        assert "0:19 left" in shown(pilot)
        workspace.last.feed(illusions(workspace, BOTH))
        workspace.last.end()
        await until(pilot, lambda: "2 of 2 drawn" in shown(pilot))
        seen = shown(pilot)
        for words in ("activation 1.8x", "→ bee .93", "CLIP .27"):
            assert words in seen
        assert "step" not in seen.replace("450 steps", "")
        assert len(workspace.made) == 1


async def test_what_is_finished_is_not_drawn_again(workspace: FakeWorkspace) -> None:
    draw(workspace, BOTH)
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test(message_hook=app.hear) as pilot:
        await until(pilot, lambda: "2 of 2 drawn" in shown(pilot))
        await pilot.press("y")
        await settled(pilot)
        assert not workspace.made
        [copied] = app.posted(Copied)
        assert " illusion --class ant --neuron 7 --neuron 18 --steps 450 --seed 0 " in copied.text


async def test_a_job_under_way_is_followed_with_its_settings(workspace: FakeWorkspace) -> None:
    workspace.submit(IllusionRequest(class_index=0, neurons=(4, 7), steps=900, seed=3, every=25))
    app = Host(IllusionsScreen(workspace, 0, (7,)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.job_line.running)
        assert "900 steps · seed 3" in shown(pilot)
        assert len(workspace.made) == 1


async def test_what_a_followed_job_leaves_out_is_drawn_after_it(workspace: FakeWorkspace) -> None:
    other = IllusionRequest(class_index=0, neurons=(7, 4), every=25)
    workspace.submit(other)
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.job_line.running)
        workspace.last.feed(illusions(workspace, other))
        workspace.last.end()
        await begun(pilot, workspace, jobs=2)
        assert workspace.last.request == IllusionRequest(class_index=0, neurons=(18,), every=25)


async def test_other_steps_seeds_and_classes(workspace: FakeWorkspace) -> None:
    draw(workspace, BOTH)
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "2 of 2 drawn" in shown(pilot))
        await pilot.press("+")
        await begun(pilot, workspace)
        assert asked(workspace).steps == 900
        assert "shown: 450 steps" in shown(pilot)
        await pilot.press("-", "d")
        await begun(pilot, workspace, jobs=2)
        assert (asked(workspace).steps, asked(workspace).seed) == (450, 1)
        await pilot.press("D")
        await until(pilot, lambda: "2 of 2 drawn" in shown(pilot))
        await pilot.press("c")
        await pilot.press(*"zebra", "enter")
        assert "No class named 'zebra'." in shown(pilot)
        pilot.app.screen.query_one(Input).value = "fo"
        await pilot.press("enter")
        await begun(pilot, workspace, jobs=3)
        assert workspace.last.request == IllusionRequest(class_index=5, neurons=(7, 18), every=25)
        assert "ant › drawn for fox" in shown(pilot)


async def test_half_and_twice_the_steps_are_the_same(workspace: FakeWorkspace, monkeypatch) -> None:
    monkeypatch.setattr(IllusionsScreen, "REST", 1e6)
    app = Host(IllusionsScreen(workspace, 0, (7,)))
    async with app.run_test() as pilot:
        await settled(pilot)
        for keys, steps in (("---", 56), ("+++", 450), ("-" * 9, 28), ("+" * 20, 57600)):
            await pilot.press(*keys)
            await settled(pilot)
            assert f"{steps} steps" in shown(pilot)
        assert not workspace.made


async def test_with_and_without_clip(workspace: FakeWorkspace) -> None:
    from msgspec import structs

    workspace.source = structs.replace(workspace.source, clip="ViT-B-32/none")
    draw(workspace, BOTH)
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "guided by CLIP · 2 of 2 drawn" in shown(pilot))
        await pilot.press("C")
        await begun(pilot, workspace)
        assert not asked(workspace).use_clip
        assert "without CLIP · 0 of 2 drawn" in shown(pilot)


async def test_as_published_and_back(workspace: FakeWorkspace) -> None:
    draw(workspace, BOTH)
    draw(workspace, BOTH.as_published)
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test(message_hook=app.hear) as pilot:
        await until(pilot, lambda: "seed 0 · without CLIP · 2 of 2" in shown(pilot))
        await pilot.press("p")
        await begun(pilot, workspace)
        assert asked(workspace).parameterization == "fourier"
        assert asked(workspace).objective == "neuron-first"
        assert "seed 0 · fourier · without CLIP · 0 of 2" in shown(pilot)
        await pilot.press("O")
        await until(pilot, lambda: "seed 0 · as published · without CLIP · 2 of 2" in shown(pilot))
        await pilot.press("y")
        await settled(pilot)
        [copied] = app.posted(Copied)
        assert "--parameterization fourier --objective product" in copied.text
        await pilot.press("p", "O")
        await until(pilot, lambda: "seed 0 · without CLIP · 2 of 2" in shown(pilot))


async def test_a_cancelled_or_failed_drawing_goes_on_when_told(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await begun(pilot, workspace)
        workspace.last.feed(step(workspace, BOTH, 25))
        await until(pilot, lambda: "step 25/450" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "stopped; R resumes" in shown(pilot))
        assert "step 25/450" in shown(pilot)
        await pilot.press("R")
        workspace.last.end("failed", "The memory is full.")
        await until(pilot, lambda: "✗ The memory is full." in shown(pilot))
        assert len(workspace.made) == 1


async def test_selection_file_and_other_screens(workspace: FakeWorkspace, monkeypatch) -> None:
    draw(workspace, BOTH)
    monkeypatch.setattr("screens.file_location.socket.gethostname", lambda: "box")
    monkeypatch.setattr("screens.file_location.getpass.getuser", lambda: "me")
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test(message_hook=app.hear) as pilot:
        await until(pilot, lambda: "2 of 2 drawn" in shown(pilot))
        await pilot.press("l", "space")
        await settled(pilot)
        assert workspace.selected(0) == (18,)
        assert "1 selected" in shown(pilot)
        await pilot.press("w", "e", "o")
        await settled(pilot)
        assert [m.neurons for m in (*app.posted(ToWhatIf), *app.posted(ToEdit))] == [(18,), (18,)]
        path = picture_path(workspace.home / "illusions", facts(workspace, BOTH)[18].stem)
        [copied] = app.posted(Copied)
        assert copied.text == f"scp me@box:{path.resolve()} ."
        assert "me@box:" in shown(pilot)
        await pilot.press("h", "space", "space", "space", "l", "space")
        await settled(pilot)
        assert workspace.selected(0) == (7,)
        assert "scp" not in shown(pilot)


async def test_records_of_another_job_are_not_shown(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await begun(pilot, workspace)
        first = workspace.last
        await pilot.press("d")
        await begun(pilot, workspace, jobs=2)
        app.first.post_message(JobLine.Reported(first.id, step(workspace, BOTH, 25)))
        await settled(pilot)
        assert "step 25/450" not in shown(pilot)
        assert first.state == "running"


async def test_a_preview_that_is_gone_leaves_the_last_one(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test() as pilot:
        await begun(pilot, workspace)
        gallery = pilot.app.screen.query_one(DrawingGallery)
        workspace.last.feed(step(workspace, BOTH, 25))
        await until(pilot, lambda: gallery.tile(1).source is not None)
        gone = step(workspace, BOTH, 50)
        for path in gone.previews:
            Path(path).unlink()
        workspace.last.feed(gone)
        await until(pilot, lambda: "step 50/450" in shown(pilot))
        await settled(pilot)
        assert str(gallery.tile(1).source).endswith("_step0025.png")


async def test_neurons_not_named_are_the_top_ones(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 0, ()))
    async with app.run_test() as pilot:
        await begun(pilot, workspace)
        assert asked(workspace).neurons == (7, 18, 4, 23)


async def test_nothing_to_draw_and_no_job_to_be_had(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 3, ()))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "dog has no mistakes on valid" in shown(pilot)
        await pilot.press("space", "+", "enter", "w", "x", "o")
    workspace.refusal = "The workspace is gone."
    app = Host(IllusionsScreen(workspace, 0, (7,)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "✗ The workspace is gone." in shown(pilot))


async def test_missing_features_are_extracted(workspace: FakeWorkspace) -> None:
    workspace.cached = False
    app = Host(IllusionsScreen(workspace, 0, (7,)))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "Extracting the features of valid" in shown(pilot)
        workspace.cached = True
        workspace.last.end()
        await begun(pilot, workspace, jobs=2)
        assert isinstance(workspace.last.request, IllusionRequest)


async def test_it_lives_through_any_size(workspace: FakeWorkspace) -> None:
    app = Host(IllusionsScreen(workspace, 0, (7, 18)))
    async with app.run_test(size=(160, 48)) as pilot:
        await begun(pilot, workspace)
        for size in ((40, 10), (12, 4), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.press("z")
            await settled(pilot)
            await pilot.press("escape")
            await settled(pilot)
        assert "waiting" in shown(pilot)
