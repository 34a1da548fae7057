"""The worst group by an edit's grouping beside the one by the data's own groups, in commands."""

from msgspec import structs

from engine.editing.store import compare_edit
from engine.schema.edits import Estimate
from engine.schema.records import ClassChange
from neuroinspect_tui.cli.repair.compare import worst_groups
from neuroinspect_tui.cli.repair.edit import show
from tests.screens.planted_edit import plant_harder, saved_edit


def by_two(record, own):
    variants = (
        structs.replace(variant, worst_group=Estimate(0.25), worst_own_group=own)
        for variant in record.variants
    )
    return structs.replace(record, variants=tuple(variants))


def test_edit_prints_both_where_there_are_two(tmp_path, capsys):
    planted = plant_harder(tmp_path)
    record = saved_edit(planted)
    show(by_two(record, Estimate(0.375)), planted.home)
    lines = capsys.readouterr().out.splitlines()
    assert "by the data's" in next(line for line in lines if "worst group" in line)
    assert all(
        "25.0%" in line and "37.5%" in line for line in lines if line.startswith(" original")
    )
    show(by_two(record, None), planted.home)
    assert "by the data's" not in capsys.readouterr().out


def test_compare_says_both_worst_groups(tmp_path):
    planted = plant_harder(tmp_path, groups=True)
    found = compare_edit(planted.cache(), planted.home / "edits" / saved_edit(planted).id)
    assert worst_groups(found) == []
    other = tuple(
        ClassChange(index=i, name=f"g{i}", n=4, before=b, after=a, fixed=1, broken=0)
        for i, (b, a) in enumerate(((0.25, 0.75), (0.5, 0.5)))
    )
    both = structs.replace(found, grouping="kinds", by_grouping=other)
    own, by_kinds = worst_groups(both)
    assert own.startswith("worst group by the data's own groups: ")
    assert by_kinds == "worst group by the grouping kinds: 25.0% → 50.0%"
