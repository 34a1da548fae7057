import numpy as np
import pytest
import torch
from msgspec import structs

from engine.editing.grouped import grouped
from engine.editing.heads import EDIT, ORIGINAL
from engine.editing.planning import divide, make_plan
from engine.editing.run import Caches, edit
from engine.editing.store import compare_edit, read_head
from engine.features.halves import halves
from engine.grouping.finding import by_directions
from engine.grouping.laying import members_of, overlay
from engine.grouping.store import Member, Origin, save
from engine.schema.edits import Edit
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest
from tests.making import birds_cache, planted_cache

REQUEST = EditRequest(classes=(0, 1), method="dfr", seeds=1, group_by="found")


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    """The shortcut's features; the data's own groups are taken away where `unlabelled`."""
    evaluation, training = birds_cache(tmp_path_factory.mktemp("birds"))
    return Caches(evaluation, training)


def made(caches, request, home):
    caches = grouped(caches, request, home)
    *_, record = edit(caches, request, home / "edits", torch.device("cpu"))
    assert isinstance(record, Edit)
    return record


def saved(home, cache, *, seed=0, name="kinds"):
    selection, _ = halves(cache, seed)
    found = by_directions(cache, selection, range(2), seed)
    origin = Origin(
        source="directions", split=cache.meta.split, cache=cache.meta.base,
        rows=tuple(selection.tolist()), seed=seed,
    )  # fmt: skip
    return save(home, name, members_of(found, cache), origin)


def worst_true_group(cache, edits, record):
    """The worst group by the data's own labels, of the held-out images."""
    head, rows = read_head(edits / record.id, cache.meta.width, 2)
    right = head.predict(cache, rows) == cache.labels[rows]
    return min(right[cache.own_groups[rows] == g].mean() for g in range(4))


def test_found_groups_mend_as_true_ones_do(caches, tmp_path):
    by_truth = made(caches, EditRequest(classes=(0, 1), method="dfr", seeds=1), tmp_path)
    by_found = made(caches, REQUEST, tmp_path)
    assert by_found.request["group_by"] == "found"
    assert by_found.provenance["groups"].startswith("found ")
    assert "groups" not in by_truth.provenance
    assert by_found.n_report == by_truth.n_report == 600
    worst = [
        worst_true_group(caches.evaluation, tmp_path / "edits", some)
        for some in (by_truth, by_found)
    ]
    before = by_truth.before.worst_group
    assert worst[1] > before + 0.2
    assert worst[1] > worst[0] - 0.03
    assert any("found on the selection images" in note for note in by_found.notes)
    assert any("like its mistakes" in note for note in by_found.notes)


def test_a_stored_grouping_of_the_same_half_does_the_same(caches, tmp_path):
    saved(tmp_path, caches.evaluation)
    request = EditRequest(classes=(0, 1), method="direction", seeds=1, group_by="kinds")
    laid = grouped(Caches(caches.evaluation, []), request, tmp_path)
    found = grouped(Caches(caches.evaluation, []), REQUEST, tmp_path)
    assert laid.evaluation.groups_named == found.evaluation.groups_named
    assert np.array_equal(laid.evaluation.groups, found.evaluation.groups)
    record = made(Caches(caches.evaluation, []), request, tmp_path)
    assert record.provenance["groups"].startswith("kinds ")
    path = tmp_path / "groups" / "kinds.csv"
    path.write_text(path.read_text().replace("like the others\n", "like its mistakes\n", 1))
    again = grouped(Caches(caches.evaluation, []), request, tmp_path)
    assert again.evaluation.overlay.digest != laid.evaluation.overlay.digest


def test_groups_do_not_move_an_image_to_the_other_half(caches, tmp_path):
    laid = grouped(Caches(caches.evaluation, []), REQUEST, tmp_path).evaluation
    for before, after in zip(halves(caches.evaluation, 3), halves(laid, 3), strict=True):
        assert np.array_equal(before, after)


def test_found_groups_cover_the_training_split_by_the_same_rule(caches, tmp_path):
    laid = grouped(caches, REQUEST, tmp_path)
    [training] = laid.training
    assert training.groups_named == laid.evaluation.groups_named
    assert (training.groups >= 0).all()
    assert len(training.overlay.looked_at) == 0


def test_groups_found_on_images_that_report_are_refused(caches, tmp_path):
    cache = caches.evaluation
    saved(tmp_path, cache, seed=1)
    request = EditRequest(classes=(0,), method="dfr", group_by="kinds", seed=0)
    laid = grouped(Caches(cache, []), request, tmp_path).evaluation
    with pytest.raises(RequestError, match="give the same --seed as `groups make`"):
        make_plan(laid, request, tested=False)
    make_plan(laid, EditRequest(classes=(0,), method="dfr", seed=1), tested=False)
    make_plan(laid, request, tested=True)  # other images report
    save(
        tmp_path, "old", members_of(by_directions(cache, halves(cache, 0)[0], [0], 0), cache),
        Origin(source="directions", split="valid", cache="another", rows=(1,)),
    )  # fmt: skip
    old = EditRequest(classes=(0,), method="dfr", group_by="old")
    with pytest.raises(RequestError, match="which images it has seen is unknown"):
        make_plan(grouped(Caches(cache, []), old, tmp_path).evaluation, old, tested=False)


def test_a_grouping_that_would_lose_a_class_is_refused(caches, tmp_path):
    cache = caches.evaluation
    _, held_out = divide(cache, 0, tested=False)
    members = [Member(cache.samples[row].path, "valid", "", "ab"[row % 2]) for row in held_out]
    save(tmp_path, "mine", members, Origin(source="csv"))
    request = EditRequest(classes=(0,), method="dfr", group_by="mine")
    laid = grouped(Caches(cache, []), request, tmp_path).evaluation
    with pytest.raises(RequestError, match="no selection image of class 0"):
        make_plan(laid, request, tested=False)


def test_images_without_a_value_are_in_no_group(caches, tmp_path):
    cache = caches.evaluation
    members = [
        Member(sample.path, "valid", "", "ab"[row % 2])
        for row, sample in enumerate(cache.samples)
        if row % 3
    ]
    save(tmp_path, "part", members, Origin(source="csv"))
    request = EditRequest(classes=(0, 1), group_by="part", top="5", select="worst-group")
    record = made(Caches(cache, []), request, tmp_path)
    [counted] = [note for note in record.notes if note.startswith("Held-out images by group")]
    numbers = [int(word.strip(",.")) for word in counted.split() if word.strip(",.").isdecimal()]
    laid = grouped(Caches(cache, []), request, tmp_path).evaluation
    _, held_out = divide(cache, 0, tested=False)
    assert 0 < (laid.groups[held_out] < 0).sum() < len(held_out)
    per_group = np.bincount(laid.groups[held_out][laid.groups[held_out] >= 0])
    assert set(per_group) <= set(numbers)


def test_nothing_found_is_no_edit(tmp_path):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 20))
    weight = rng.normal(size=(2, 20))
    cache = planted_cache(
        tmp_path / "right", features, (features @ weight.T).argmax(1), weight, [0, 0]
    )
    with pytest.raises(RequestError, match=r"No two kinds .*too few mistakes to group \(0\)"):
        grouped(Caches(cache, []), REQUEST, tmp_path)


def test_worst_groups_by_the_grouping_and_by_the_datas_groups_stand_side_by_side(caches, tmp_path):
    cache = caches.evaluation
    grouping = saved(tmp_path, cache)
    request = structs.replace(REQUEST, group_by="kinds", seeds=2)
    record = made(Caches(cache, []), request, tmp_path)  # of the evaluation split alone
    edits = tmp_path / "edits"
    edit_, original = (
        next(variant for variant in record.variants if variant.name == name)
        for name in (EDIT, ORIGINAL)
    )
    assert all(variant.worst_own_group is not None for variant in record.variants)
    head, rows = read_head(edits / record.id, cache.meta.width, 2)
    was = cache.predicted[rows] == cache.labels[rows]
    own = [was[cache.own_groups[rows] == g].mean() for g in range(4)]
    assert original.worst_own_group.mean == pytest.approx(min(own))
    assert edit_.worst_own_group.mean > original.worst_own_group.mean
    found = compare_edit(cache, edits / record.id)
    now = head.predict(cache, rows) == cache.labels[rows]
    groups = overlay(grouping, cache).groups[rows]
    assert found.grouping == "kinds"
    assert {g.n for g in found.by_grouping} == set(np.bincount(groups).tolist())
    after = {g.index: g.after for g in found.by_grouping}
    assert after == pytest.approx({g: now[groups == g].mean() for g in range(4)})
    assert len(found.groups) == 4
    assert min(g.before for g in found.groups) == pytest.approx(min(own))
    path = tmp_path / "groups" / "kinds.csv"
    path.write_text(path.read_text().replace("like its mistakes", "unusual"))
    assert compare_edit(cache, edits / record.id).by_grouping is None  # it is another now


def test_by_the_datas_own_groups_nothing_stands_beside(caches, tmp_path):
    record = made(caches, structs.replace(REQUEST, group_by=None), tmp_path)
    assert all(variant.worst_own_group is None for variant in record.variants)
    found = compare_edit(caches.evaluation, tmp_path / "edits" / record.id)
    assert (found.grouping, found.by_grouping) == (None, None)
