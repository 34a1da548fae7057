"""Kinds in CLIP's space and in the classifier's, and which of both `found` goes by."""

import numpy as np
import pytest

from engine.features.halves import halves
from engine.grouping.choosing import find_kinds, total_clearness
from engine.grouping.described import by_features
from engine.grouping.directions import ONE_HEAP, find_cut
from engine.grouping.finding import LIKE_MISTAKES, by_directions
from engine.grouping.laying import found_overlay, members_of
from tests.engine.grouping.planted_clip import places_seen
from tests.making import biased_birds_caches, birds_cache, planted_cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    evaluation, _ = birds_cache(tmp_path_factory.mktemp("birds"))
    return evaluation


def purity(cache, values, rows):
    """How well values tell unusual backgrounds, in the classes that have values."""
    unusual = cache.own_groups % 2 != cache.labels
    alike = np.array([value == LIKE_MISTAKES for value in values])
    found = []
    for k in range(2):
        inside = rows[(cache.labels[rows] == k) & (np.array(values)[rows] != "")]
        if len(inside):
            found.append(alike[inside][unusual[inside]].mean())
            found.append((~alike[inside][~unusual[inside]]).mean())
    return np.mean(found)


@pytest.mark.parametrize("space", ["clip", "features"])
def test_planted_kinds_are_found_in_each_space(cache, space):
    selection, held_out = halves(cache, 0)
    images = places_seen(cache, place=5) if space == "clip" else by_features(cache)
    found = by_directions(cache, selection, range(2), 0, images)
    assert found.space == space
    assert purity(cache, found.apply(cache, images), held_out) > 0.95
    assert {kind.by for kind in found.kinds} == {"mistakes"}


def test_the_space_with_the_clearer_gaps_is_taken(cache):
    selection, held_out = halves(cache, 0)
    clear, blurred = places_seen(cache, place=30), places_seen(cache, place=1.5)
    own = by_directions(cache, selection, range(2), 0)
    by_clear = find_kinds(cache, selection, range(2), 0, clear)
    assert by_clear.space == "clip"
    assert total_clearness(by_clear) > total_clearness(own)
    assert "gaps between kinds are clearer there" in by_clear.why
    by_blurred = find_kinds(cache, selection, range(2), 0, blurred)
    assert by_blurred.space == "features"
    assert purity(cache, by_blurred.apply(cache), held_out) > 0.95


def test_a_clip_that_sees_no_kinds_leaves_the_classifiers_own(cache):
    selection, _ = halves(cache, 0)
    found = find_kinds(cache, selection, range(2), 0, places_seen(cache, place=0))
    assert found.space == "features"
    assert set(found.cuts) == {0, 1}
    assert "No two kinds were found in CLIP's image features" in found.why
    assert find_kinds(cache, selection, range(2), 0, None).why.startswith("No CLIP")


def test_where_neither_shows_kinds_both_are_named(tmp_path):
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(400, 20)), rng.integers(0, 2, 400)
    noise = planted_cache(tmp_path / "noise", features, labels, rng.normal(size=(2, 20)), [0, 0],
                          groups=labels * 0, group_names=("one",))  # fmt: skip
    selection, _ = halves(noise, 0)
    found = find_kinds(noise, selection, range(2), 0, places_seen(noise, place=0, seed=4))
    assert found.refusal.startswith("No two kinds of images were found in")
    assert ", nor in" in found.refusal
    assert {"in CLIP's image features", "in the classifier's own features"} == set(
        found.searched.split(", nor ")
    )


def test_with_few_mistakes_of_biased_images_the_clearer_space_is_purer(tmp_path):
    valid, test = biased_birds_caches(tmp_path, 900)
    selection, _ = halves(valid, 0)
    clip, of_test = places_seen(valid, place=30), places_seen(test, place=30, seed=1)
    found = find_kinds(valid, selection, range(2), 0, clip)
    assert found.space == "clip"
    by_clip = purity(test, found.apply(test, of_test), np.arange(test.meta.n))
    own = by_directions(valid, selection, range(2), 0)
    by_own = purity(test, own.apply(test), np.arange(test.meta.n))
    assert by_clip > 0.99
    assert by_clip >= by_own


def test_held_out_images_do_not_move_what_is_found(cache):
    selection, held_out = halves(cache, 0)
    images = places_seen(cache, place=30)
    found = find_kinds(cache, selection, range(2), 0, images)
    images.features[held_out] = 0
    again = find_kinds(cache, selection, range(2), 0, images)
    assert again.space == found.space == "clip"
    for k, (direction, threshold) in found.cuts.items():
        assert np.array_equal(again.cuts[k][0], direction)
        assert again.cuts[k][1] == threshold


def test_images_without_a_clip_feature_get_no_value_and_are_counted(cache):
    selection, _ = halves(cache, 0)
    some = np.flatnonzero(np.arange(cache.meta.n) % 4 > 0)
    images = places_seen(cache, place=5, rows=some)
    found = by_directions(cache, selection, range(2), 0, images)
    values = np.array([member.value for member in members_of(found, cache, images)])
    assert (values[some] != "").all()
    missing = np.setdiff1d(np.arange(cache.meta.n), some)
    assert (values[missing] == "").all()
    laid = found_overlay(found, cache, selection, images)
    assert (laid.groups[missing] == -1).all()
    assert laid.space == "clip"
    said = f"{len(missing):,} of {cache.meta.n:,} images of valid have no CLIP feature (a probe)"
    assert any(said in note for note in laid.notes)
    # by the same rows it is found on as by a CLIP that saw all
    whole = places_seen(cache, place=5)
    kept = np.intersect1d(selection, some)
    same = by_directions(cache, kept, range(2), 0, whole)
    for k, (direction, threshold) in found.cuts.items():
        assert np.allclose(same.cuts[k][0], direction)
        assert same.cuts[k][1] == pytest.approx(threshold)


def test_a_rule_of_one_space_is_not_applied_in_another(cache):
    selection, _ = halves(cache, 0)
    found = by_directions(cache, selection, [0], 0, places_seen(cache, place=5))
    with pytest.raises(ValueError, match="found in clip, applied in features"):
        found.apply(cache)


@pytest.mark.parametrize(("gap", "low", "high"), [(0, 0.5, 0.7), (4, 0.75, 0.95), (40, 0.98, 1.0)])
def test_clearness_is_that_of_the_gap(gap, low, high):
    rng = np.random.default_rng(1)
    features = rng.normal(size=(400, 8))
    kind = np.arange(400) % 2 == 0
    features[kind, 0] += gap
    wrong = kind & (np.arange(400) % 4 == 0)
    clearness = find_cut(features, wrong, 1.0 * wrong, 0).clearness
    assert low < clearness <= high
    assert pytest.approx(0.6366, abs=1e-4) == ONE_HEAP
