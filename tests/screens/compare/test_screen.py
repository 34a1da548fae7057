"""Compare: an edit and its controls; applied, undone, built on, exported."""

import pytest
from msgspec import structs
from scipy.special import softmax

from engine.editing.heads import Head
from engine.editing.store import read_head
from engine.evaluation.calibration import calibration
from engine.grouping.store import Member, Origin, save
from engine.io.atomic import write_json
from engine.schema.edits import Estimate
from engine.schema.records import Exported
from engine.schema.requests import ExportRequest, FeaturesRequest
from screens.compare.dialogs import EditList, ExportDialog
from screens.compare.screen import CompareScreen
from screens.compare.words import controls, experiment
from screens.messages import Copied, ToEdit
from screens.widgets.gallery import Gallery
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.fake import FakeWorkspace
from tests.screens.planted import NAMES
from tests.screens.planted_edit import plant_harder, saved_edit

ANT, DOG = 0, 3
TITLES = ("%", "overall %", "worst class", "worst group", "fixed·broken", "edit − this")


def head_of(workspace, edit):
    cache = workspace.cache()
    return read_head(workspace.home / "edits" / edit.id, cache.meta.width, len(cache.classes))


@pytest.fixture
def workspace(tmp_path) -> FakeWorkspace:
    return FakeWorkspace(plant_harder(tmp_path))


@pytest.fixture
def edit(workspace):
    return saved_edit(workspace.planted, ANT)


async def test_every_variant_the_verdict_and_the_changes(workspace, edit):
    app = Host(CompareScreen(workspace, edit.id))
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
        found = workspace.compare(edit)
        assert f"fixed {len(found.fixed)} · broken {len(found.broken)}" in text
        cache, (head, rows) = workspace.cache(), head_of(workspace, edit)
        for some, ece in ((Head.of(cache), found.calibration_before.ece),
                          (head, found.calibration_after.ece)):  # fmt: skip
            p = softmax(some.logits(cache.features[rows]).astype(float), axis=1)
            right = p.argmax(axis=1) == cache.labels[rows]
            assert ece == pytest.approx(calibration(p.max(axis=1), right).ece)
        before, after = found.calibration_before.ece, found.calibration_after.ece
        assert before != after
        assert f"calibration error {100 * before:.1f}% → {100 * after:.1f}%" in text
        await pilot.press("enter")
        await settled(pilot)
        gallery = app.first.query_one(Gallery)
        assert gallery.has_focus
        assert gallery.count == len(found.fixed) + len(found.broken)
        assert "now" in shown(pilot) or "was" in shown(pilot)
        await pilot.press("y", "plus")
        await pilot.pause()
        assert f"compare {edit.id} -w" in app.posted(Copied)[0].text
        [move] = app.posted(ToEdit)
        assert (move.class_index, move.on) == (ANT, edit.id)


async def test_a_record_that_was_handed_over_is_not_read_again(workspace, edit):
    (workspace.home / "edits" / edit.id / "edit.json").write_bytes(b"{")
    app = Host(CompareScreen(workspace, edit))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert f"verdict: {edit.verdict}" in shown(pilot)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, ["%", "worst group", "edit − this"]),
        (100, ["%", "overall %", "worst class", "worst group", "edit − this"]),
        (160, ["%", "overall %", "worst class", "worst group", "fixed·broken", "edit − this"]),
    ],
)
def test_no_figure_is_cut_however_long_and_the_plot_fills_what_is_left(edit, width, shown):
    long = Estimate(0.5, 0.2, 0.8)
    variants = [
        structs.replace(
            variant, target=long, overall=long, worst_class=long, worst_group=long, fixed=22.25,
            broken=117.75,
        )
        for variant in edit.variants
    ]  # fmt: skip
    differences = [structs.replace(some, points=-0.5, lo=-1, hi=1) for some in edit.differences]
    told = structs.replace(edit, variants=tuple(variants), differences=tuple(differences))
    lines = experiment(told, width - 2).plain.splitlines()
    assert {len(line) for line in lines} == {width - 2}
    assert not any("…" in line for line in lines)
    assert all(line.endswith("-50.0 [-100.0 +100.0]") for line in lines[2:4])
    titles = [title for title in TITLES if title in lines[0]]
    assert titles == shown
    plot = slice(lines[0].index("-100"), lines[0].index("+100") + 4)
    assert plot.stop - plot.start >= 11
    for line in lines[2:4]:  # the whole width is the interval; zero is in its middle
        assert line[plot][0] + line[plot][-1] == "├┤"
        assert line[plot].count("┼") == line[plot].count("○") == 1
        assert line[plot].index("┼") == lines[0][plot].index(" 0 ") + 1


def test_the_plot_and_the_figures_are_of_what_the_verdict_judges(edit):
    by_class = experiment(edit, 118).plain.splitlines()
    assert "+10.0 [+1.0 +20.0]" in by_class[3]
    assert "●" in by_class[3]
    assert "○" in by_class[2]  # its interval holds zero
    assert "edit − this: in ant, ○ where 0 is in" in controls(edit)
    grouped = structs.replace(
        edit,
        differences=tuple(
            structs.replace(some, group_points=-0.05, group_lo=-0.08, group_hi=-0.02)
            for some in edit.differences
        ),
    )
    lines = experiment(grouped, 118).plain.splitlines()
    assert all("-5.0 [-8.0 -2.0]" in line and "●" in line for line in lines[2:4])
    assert "edit − this: in the worst group, ○ where 0 is in" in controls(grouped)


@pytest.mark.parametrize("size", [(80, 24), (80, 50), (120, 40)])
async def test_no_line_of_the_table_is_broken_also_beside_a_scrollbar(workspace, edit, size):
    notes = tuple(f"Sentence {number}." for number in range(20))
    app = Host(CompareScreen(workspace, structs.replace(edit, notes=notes)))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        ends = [line.rstrip(" ▁▂▃▄▅▆▇█") for line in shown(pilot).splitlines()]
        assert next(line for line in ends if line.startswith(" lambda 0  ")).endswith("+8.0]")
        assert next(line for line in ends if line.startswith(" placebo  ")).endswith("+20.0]")


def test_an_edit_without_controls_has_no_plot(edit):
    alone = structs.replace(edit, differences=())
    assert not set("├┤●○│") & set(experiment(alone, 118).plain)
    assert "edit − this:" not in controls(alone)


async def test_apply_and_undo(workspace, edit):
    app = Host(CompareScreen(workspace, edit.id[:10]))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "not applied" in shown(pilot)
        await pilot.press("u", "K")
        await settled(pilot)
        assert workspace.applied() == edit.id
        assert "✓ applied" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert workspace.applied() is None
        assert "not applied" in shown(pilot)


async def test_coming_back_shows_which_edit_is_applied(workspace, edit):
    app = Host(CompareScreen(workspace, edit.id))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("K")
        await pilot.pause()
        app.push_screen(CompareScreen(workspace, edit.id))
        await settled(pilot)
        await pilot.press("u")
        app.pop_screen()
        await settled(pilot)
        assert "not applied" in shown(pilot)


async def test_an_export_asks_where_and_says_how_to_load_it(workspace, edit, tmp_path):
    app = Host(CompareScreen(workspace, edit.id))
    async with app.run_test(message_hook=app.hear, size=(160, 48)) as pilot:
        await settled(pilot)
        (tmp_path / "there.safetensors").write_bytes(b"")
        for wrong, sentence in (
            ("/x/repaired.pt", "must end in .safetensors"),
            (str(tmp_path / "there.safetensors"), "exists already"),
        ):
            await pilot.press("x")
            await settled(pilot)
            assert isinstance(app.screen, ExportDialog)
            app.screen.query_one("Input").value = wrong
            await pilot.press("enter")
            assert sentence in shown(pilot)
            await pilot.press("escape")
        assert not workspace.made
        await pilot.press("x")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        out = str((workspace.home / f"{edit.id}.safetensors").absolute())
        assert workspace.last.request == ExportRequest(edit=edit.id, out=out)
        workspace.last.feed(Exported(edit=edit.id, checkpoint=out, after=edit.after))
        workspace.last.end()
        await until(pilot, lambda: "✓ written" in shown(pilot))
        said = " ".join(shown(pilot).split())
        assert f'timm.create_model("test_resnet", num_classes=6, checkpoint_path="{out[:9]}' in said
        assert f"accuracy overall {100 * edit.after.overall:.2f}%" in said
        await pilot.press("y")
        await pilot.pause()
        assert f"export {edit.id} --out {out}" in app.posted(Copied)[0].text


async def test_what_was_exported_has_room_on_a_small_terminal(workspace, edit):
    workspace.submit(ExportRequest(edit=edit.id, out="/x/y.safetensors"))
    app = Host(CompareScreen(workspace, edit.id))
    async with app.run_test(size=(80, 22)) as pilot:
        await until(pilot, lambda: app.first.job_line.job == workspace.last.id)
        done = Exported(edit=edit.id, checkpoint=f"/x/{120 * 'y'}.safetensors", after=edit.after)
        workspace.last.feed(done)
        workspace.last.end()
        await until(pilot, lambda: "✓ written" in shown(pilot))
        await settled(pilot)
        assert app.first.max_scroll_y == 0


async def test_an_export_under_way_is_found_again_and_fails_with_its_sentence(workspace, edit):
    workspace.submit(ExportRequest(edit=edit.id, out="/x/y.safetensors"))
    app = Host(CompareScreen(workspace, edit.id))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.job_line.job == workspace.last.id)
        await pilot.press("x")  # one at a time
        await settled(pilot)
        assert app.screen is app.first
        workspace.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "✗ The disk is full." in shown(pilot))


async def test_missing_features_are_extracted(workspace, edit):
    workspace.cached = False
    app = Host(CompareScreen(workspace, edit.id))
    async with app.run_test() as pilot:
        await until(pilot, lambda: bool(workspace.made))
        assert workspace.last.request == FeaturesRequest(split="valid")
        await until(pilot, lambda: "Extracting the features of valid" in shown(pilot))
        await pilot.press("x", "K", "plus")  # there is no comparison yet
        workspace.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "✗ The disk is full." in shown(pilot))
        await pilot.press("R")
        workspace.cached = True
        workspace.last.end()
        await until(pilot, lambda: "verdict:" in shown(pilot))
        assert len(workspace.made) == 1
        assert workspace.applied() is None


async def test_an_edit_on_an_edit_needs_the_cache_of_its_base(workspace, edit):
    base = saved_edit(workspace.planted, DOG, count=5)
    stacked = structs.replace(edit, provenance=edit.provenance | {"on": base.id})
    write_json(workspace.home / "edits" / edit.id / "edit.json", stacked)
    workspace.submit(FeaturesRequest(split="valid", on=base.id))
    app = Host(CompareScreen(workspace, edit.id))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.job_line.job == "job00000")
        workspace.on_cache = workspace.planted.cache()
        workspace.last.end()
        await until(pilot, lambda: f"on {base.id}" in shown(pilot))
        assert "verdict:" in shown(pilot)
        assert len(workspace.made) == 1


async def test_another_edit_is_chosen_from_the_list(workspace, edit):
    other = saved_edit(workspace.planted, DOG, count=5)
    workspace.apply(edit.id)
    app = Host(CompareScreen(workspace, other.id))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert "zero for dog, 5 neurons" in shown(pilot)
        await pilot.press("L")
        await settled(pilot)
        assert isinstance(app.screen, EditList)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert "zero for ant, 3 neurons" in shown(pilot)
        assert "✓ applied" in shown(pilot)


@pytest.mark.parametrize("damage", ["none", "head", "record"])
async def test_an_unknown_or_damaged_edit_is_one_sentence(workspace, edit, damage):
    place = workspace.home / "edits" / edit.id
    if damage == "head":
        (place / "head.safetensors").write_bytes(b"no tensors")
    elif damage == "record":
        (place / "edit.json").write_bytes(b"{")
    app = Host(CompareScreen(workspace, "nope" if damage == "none" else edit.id))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        assert "✗" in shown(pilot)
        assert "No edit 'nope'" in shown(pilot) or "damaged" in shown(pilot)
        await pilot.press("K", "plus", "x")
        await settled(pilot)
        assert app.screen is app.first
        assert not app.posted(ToEdit)
        assert workspace.applied() is None
        await pilot.press("L")
        await settled(pilot)
        assert isinstance(app.screen, EditList)


async def test_worst_groups_by_a_grouping_and_by_the_datas_stand_side_by_side(tmp_path):
    workspace = FakeWorkspace(plant_harder(tmp_path, groups=True))
    samples = workspace.planted.split.samples
    members = [
        Member(s.path, "valid", NAMES[s.label], "first" if i % 12 < 4 else "last")
        for i, s in enumerate(samples)
    ]
    grouping = save(workspace.home, "thirds", members, Origin(source="csv"))
    made = saved_edit(workspace.planted, DOG, 8)
    by = structs.replace(
        made,
        provenance=made.provenance | {"groups": f"thirds {grouping.digest}"},
        variants=tuple(
            structs.replace(v, worst_group=Estimate(0.25), worst_own_group=Estimate(0.375))
            for v in made.variants
        ),
    )
    write_json(workspace.home / "edits" / made.id / "edit.json", by)
    app = Host(CompareScreen(workspace, made.id))
    async with app.run_test(size=(160, 40)) as pilot:
        await settled(pilot)
        said = shown(pilot)
        row = next(line for line in said.splitlines() if line.startswith(" before"))
        assert "25.0" in row
        assert "37.5" in row
        assert "worst group: by the grouping thirds; by data's: by the data's own groups" in (
            " ".join(said.split())
        )
        assert "(group)" in said  # both stand among the changes
        assert "(thirds)" in said
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "by data's" in shown(pilot)


async def test_without_other_groups_there_is_no_second_column(workspace, edit):
    assert "by data's" not in str(experiment(edit, 120))
    assert workspace.compare(edit).grouping is None
