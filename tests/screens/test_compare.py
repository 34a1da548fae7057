"""Compare: what an edit is worth; kept, undone, built on, exported."""

import re

import pytest
from msgspec import structs

from engine.io.atomic import write_json
from engine.schema.edits import Estimate
from engine.schema.records import Exported
from engine.schema.requests import BankRequest, ExportRequest
from screens.compare.asks import AskEdit, AskPath
from screens.compare.screen import CompareScreen
from screens.compare.words import experiment
from screens.messages import Copied, ToEdit
from screens.widgets.gallery import Gallery
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeBackstage
from tests.screens.planted_edit import plant_harder, saved_edit

ANT, DOG = 0, 3


@pytest.fixture
def backstage(tmp_path) -> FakeBackstage:
    return FakeBackstage(plant_harder(tmp_path))


@pytest.fixture
def edit(backstage):
    return saved_edit(backstage.planted, ANT)


async def test_every_arm_the_verdict_and_what_changed(backstage, edit):
    app = Host(CompareScreen(backstage, edit.id))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        text = shown(pilot)
        rows = [line.split()[0] for line in text.splitlines()[4:9] if line.strip()]
        assert rows == ["ant", "before", "lambda", "placebo", "edit"]
        assert "50.0" in next(line for line in text.splitlines() if line.startswith(" before"))
        assert "+12.5 [-3.0 +8.0]" in text
        assert "±" in text
        assert f"verdict: {edit.verdict}" in text
        assert edit.notes[0] in text
        assert "36 images, 6 of ant" in text
        found = backstage.compare(edit.id)
        assert f"won {len(found.won)} · lost {len(found.lost)}" in text
        await pilot.press("enter")
        await settled(pilot)
        gallery = app.first.query_one(Gallery)
        assert gallery.has_focus
        assert gallery.count == len(found.won) + len(found.lost)
        assert "now" in shown(pilot) or "was" in shown(pilot)
        await pilot.press("y", "plus")
        await pilot.pause()
        assert f"compare {edit.id} -w" in app.posted(Copied)[0].text
        [move] = app.posted(ToEdit)
        assert (move.class_index, move.on) == (ANT, edit.id)


@pytest.mark.parametrize(("width", "shown"), [(80, 5), (100, 7), (120, 7), (160, 7)])
def test_no_figure_is_cut_however_long(edit, width, shown):
    long = Estimate(0.5, 0.2, 0.8)
    arms = [
        structs.replace(
            arm, target=long, overall=long, worst_class=long, worst_group=long, won=22.25,
            lost=117.75,
        )
        for arm in edit.arms
    ]  # fmt: skip
    differences = [structs.replace(some, points=-0.5, lo=-1, hi=1) for some in edit.differences]
    told = structs.replace(edit, arms=tuple(arms), differences=tuple(differences))
    lines = experiment(told, width - 2).plain.splitlines()
    assert max(map(len, lines)) <= width - 2
    assert not any("…" in line for line in lines)
    assert all(line.endswith("-50.0 [-100.0 +100.0]") for line in lines[2:-1])
    assert len(re.split("  +", lines[2])) == shown


async def test_keep_and_undo(backstage, edit):
    app = Host(CompareScreen(backstage, edit.id[:10]))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "not kept" in shown(pilot)
        await pilot.press("u", "K")
        await settled(pilot)
        assert backstage.kept() == edit.id
        assert "✓ kept" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert backstage.kept() is None
        assert "not kept" in shown(pilot)


async def test_coming_back_finds_what_was_kept_meanwhile(backstage, edit):
    app = Host(CompareScreen(backstage, edit.id))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("K")
        await pilot.pause()
        app.push_screen(CompareScreen(backstage, edit.id))
        await settled(pilot)
        await pilot.press("u")
        app.pop_screen()
        await settled(pilot)
        assert "not kept" in shown(pilot)


async def test_an_export_asks_where_and_says_how_to_load_it(backstage, edit, tmp_path):
    app = Host(CompareScreen(backstage, edit.id))
    async with app.run_test(message_hook=app.hear, size=(160, 48)) as pilot:
        await settled(pilot)
        (tmp_path / "there.safetensors").write_bytes(b"")
        for wrong, sentence in (
            ("/x/mended.pt", "must end in .safetensors"),
            (str(tmp_path / "there.safetensors"), "is there already"),
        ):
            await pilot.press("x")
            await settled(pilot)
            assert isinstance(app.screen, AskPath)
            app.screen.query_one("Input").value = wrong
            await pilot.press("enter")
            assert sentence in shown(pilot)
            await pilot.press("escape")
        assert not backstage.made
        await pilot.press("x")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        out = str((backstage.home / f"{edit.id}.safetensors").absolute())
        assert backstage.last.request == ExportRequest(edit=edit.id, out=out)
        backstage.last.feed(Exported(edit=edit.id, checkpoint=out, after=edit.after))
        backstage.last.end()
        await until(pilot, lambda: "✓ written" in shown(pilot))
        said = " ".join(shown(pilot).split())
        assert f'timm.create_model("test_resnet", num_classes=6, checkpoint_path="{out[:9]}' in said
        assert f"promises overall {100 * edit.after.overall:.2f}%" in said
        await pilot.press("y")
        await pilot.pause()
        assert f"export {edit.id} --out {out}" in app.posted(Copied)[0].text


async def test_what_was_exported_has_room_on_a_small_terminal(backstage, edit):
    backstage.submit(ExportRequest(edit=edit.id, out="/x/y.safetensors"))
    app = Host(CompareScreen(backstage, edit.id))
    async with app.run_test(size=(80, 22)) as pilot:
        await until(pilot, lambda: app.first.job_line.job == backstage.last.id)
        done = Exported(edit=edit.id, checkpoint=f"/x/{120 * 'y'}.safetensors", after=edit.after)
        backstage.last.feed(done)
        backstage.last.end()
        await until(pilot, lambda: "✓ written" in shown(pilot))
        await settled(pilot)
        assert app.first.max_scroll_y == 0


async def test_an_export_under_way_is_found_again_and_fails_with_its_sentence(backstage, edit):
    backstage.submit(ExportRequest(edit=edit.id, out="/x/y.safetensors"))
    app = Host(CompareScreen(backstage, edit.id))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.job_line.job == backstage.last.id)
        await pilot.press("x")  # one at a time
        await settled(pilot)
        assert app.screen is app.first
        backstage.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "✗ The disk is full." in shown(pilot))


async def test_images_not_read_yet_are_read_first(backstage, edit):
    backstage.banked = False
    app = Host(CompareScreen(backstage, edit.id))
    async with app.run_test() as pilot:
        await until(pilot, lambda: bool(backstage.made))
        assert backstage.last.request == BankRequest(split="valid")
        await until(pilot, lambda: "are looked at first" in shown(pilot))
        await pilot.press("x", "K", "plus")  # nothing to do it with yet
        backstage.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "✗ The disk is full." in shown(pilot))
        await pilot.press("R")
        backstage.banked = True
        backstage.last.end()
        await until(pilot, lambda: "verdict:" in shown(pilot))
        assert len(backstage.made) == 1
        assert backstage.kept() is None


async def test_an_edit_on_an_edit_needs_the_bank_of_its_base(backstage, edit):
    base = saved_edit(backstage.planted, DOG, count=5)
    stacked = structs.replace(edit, provenance=edit.provenance | {"on": base.id})
    write_json(backstage.home / "edits" / edit.id / "edit.json", stacked)
    backstage.submit(BankRequest(split="valid", on=base.id))
    app = Host(CompareScreen(backstage, edit.id))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.job_line.job == "job00000")
        backstage.on_bank = backstage.planted.bank()
        backstage.last.end()
        await until(pilot, lambda: f"on {base.id}" in shown(pilot))
        assert "verdict:" in shown(pilot)
        assert len(backstage.made) == 1


async def test_another_edit_is_chosen_from_the_list(backstage, edit):
    other = saved_edit(backstage.planted, DOG, count=5)
    backstage.keep(edit.id)
    app = Host(CompareScreen(backstage, other.id))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "zero for dog, 5 neurons" in shown(pilot)
        await pilot.press("L")
        await settled(pilot)
        assert isinstance(app.screen, AskEdit)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert "zero for ant, 3 neurons" in shown(pilot)
        assert "✓ kept" in shown(pilot)


@pytest.mark.parametrize("damage", ["none", "head", "record"])
async def test_an_unknown_or_damaged_edit_is_one_sentence(backstage, edit, damage):
    place = backstage.home / "edits" / edit.id
    if damage == "head":
        (place / "head.safetensors").write_bytes(b"no tensors")
    elif damage == "record":
        (place / "edit.json").write_bytes(b"{")
    app = Host(CompareScreen(backstage, "nope" if damage == "none" else edit.id))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "✗" in shown(pilot)
        assert "No edit 'nope'" in shown(pilot) or "damaged" in shown(pilot)
        await pilot.press("K", "plus", "x")
        await settled(pilot)
        assert app.screen is app.first
        assert not app.posted(ToEdit)
        assert backstage.kept() is None
        await pilot.press("L")
        await settled(pilot)
        assert isinstance(app.screen, AskEdit)
