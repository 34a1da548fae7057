import numpy as np
import pytest

from engine.features.halves import halves
from engine.grouping.ticked import by_ticked
from engine.schema.errors import RequestError
from tests.engine.grouping.planted_clip import places_seen
from tests.making import birds_cache


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    evaluation, [training] = birds_cache(tmp_path_factory.mktemp("birds"))
    return evaluation, training


def some_of(cache, rows, count, seed=0):
    drawn = np.random.default_rng(seed).permutation(rows)[:count]
    return {cache.path(row) for row in drawn}


@pytest.mark.parametrize("space", ["features", "clip"])
def test_a_direction_from_ticked_images_groups_other_splits(caches, space):
    cache, training = caches
    selection, _ = halves(cache, 0)
    unusual = selection[(cache.labels[selection] == 1) & (cache.own_groups[selection] == 2)]
    images = places_seen(cache, place=6) if space == "clip" else None
    found = by_ticked(cache, selection, some_of(cache, unusual, 40), 0, images, "on land")
    assert found.values == ("on land", "not on land")
    assert set(found.cuts) == {1}  # the other class had no image ticked
    assert [kind.by for kind in found.kinds] == ["ticked"]
    values = np.array(found.apply(cache, images))
    report = np.setdiff1d(np.flatnonzero(cache.labels == 1), selection)
    on_land = cache.own_groups[report] == 2
    assert ((values[report] == "on land") == on_land).mean() > 0.9
    if space == "features":
        elsewhere = np.array(found.apply(training))
        assert set(elsewhere[training.labels == 1]) == {"on land", "not on land"}
        assert set(elsewhere[training.labels == 0]) == {""}


def test_ticked_images_that_may_not_be_looked_at_find_nothing(caches):
    cache, _ = caches
    selection, held_out = halves(cache, 0)
    mine = held_out[cache.labels[held_out] == 0]
    found = by_ticked(cache, selection, some_of(cache, mine, 8), 0)
    assert not found.cuts
    assert "too few of its 8 ticked images are among those that may be looked at (0)" in (
        found.refusal
    )


def test_images_ticked_at_random_are_no_kind(caches):
    cache, _ = caches
    selection, _ = halves(cache, 0)
    mine = selection[cache.labels[selection] == 0]
    divided = [
        bool(by_ticked(cache, selection, some_of(cache, mine, 12, seed), seed).cuts)
        for seed in range(20)
    ]
    assert sum(divided) <= 3


def test_what_cannot_be_is_said(caches):
    cache, _ = caches
    selection, _ = halves(cache, 0)
    with pytest.raises(RequestError, match="No image is ticked"):
        by_ticked(cache, selection, [], 0)
    with pytest.raises(RequestError, match=r"no\.png is no image of valid"):
        by_ticked(cache, selection, ["no.png"], 0)
    mine = {cache.path(row) for row in selection[cache.labels[selection] == 0]}
    assert "too few others to compare with (0)" in by_ticked(cache, selection, mine, 0).refusal
    for name in ("", "a\0b"):
        with pytest.raises(RequestError, match="no name for ticked images"):
            by_ticked(cache, selection, list(mine)[:3], 0, name=name)
