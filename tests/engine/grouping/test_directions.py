import numpy as np
import pytest

from engine.features.halves import halves
from engine.grouping.cutting import by_neurons
from engine.grouping.directions import LEAST, MANY, find_cut, otsu
from engine.grouping.finding import LIKE_MISTAKES, by_directions
from engine.schema.errors import RequestError
from tests.making import birds, logistic, planted_cache

NAMES = ("land on land", "land on water", "water on land", "water on water")


def planted(directory, *, aligned=0.5, n=600, seed=1):
    """Birds whose head has learnt the background."""
    features, labels, _ = birds(1000, 0.98, seed=0)
    head = logistic(features, labels, 2)
    features, labels, groups = birds(n, aligned, seed)
    return planted_cache(directory, features, labels, *head, groups=groups, group_names=NAMES)


def truth(cache):
    """Whether the background is the other class's."""
    return cache.own_groups % 2 != cache.labels


def balanced(values, unusual):
    alike = np.array([value == LIKE_MISTAKES for value in values])
    return (alike[unusual].mean() + (~alike[~unusual]).mean()) / 2


@pytest.mark.parametrize("values", [[0.0, 1, 10, 11], [0.0, 0, 0, 0, 0, 0, 0, 5]])
def test_otsu_cuts_the_gap(values):
    [cut] = otsu(np.array(values)[:, None])
    assert sum(np.diff(np.sort(values)) > 1) == 1
    assert (np.array(values) > cut).sum() == (2 if len(values) == 4 else 1)


def test_otsu_is_the_best_of_all_cuts():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(40, 5)) + 3 * rng.integers(0, 2, (40, 5))
    for column, cut in zip(columns.T, otsu(columns), strict=True):

        def between(at, column=column):
            low, high = column[column <= at], column[column > at]
            return len(low) * len(high) * (low.mean() - high.mean()) ** 2

        best = max(between(at) for at in np.sort(column)[:-1])
        assert between(cut) == pytest.approx(best)


@pytest.mark.parametrize("aligned", [0.5, 0.95])
def test_two_planted_kinds_are_found_by_the_selection_half_alone(tmp_path, aligned):
    cache = planted(tmp_path / "cache", aligned=aligned)
    selection, held_out = halves(cache, 0)
    found = by_directions(cache, selection, range(2), 0)
    assert set(found.cuts) == {0, 1}
    assert not found.refusal
    assert {kind.by for kind in found.kinds} <= {"mistakes", "loss"}
    values = np.array(found.apply(cache))
    for k in range(2):
        inside = held_out[cache.labels[held_out] == k]
        assert balanced(values[inside], truth(cache)[inside]) > 0.95


def test_held_out_images_change_nothing_of_what_is_found(tmp_path):
    cache = planted(tmp_path / "cache")
    selection, held_out = halves(cache, 0)
    found = by_directions(cache, selection, range(2), 0)
    features = np.array(cache.features)
    features[held_out] = np.random.default_rng(5).normal(size=features[held_out].shape)
    np.save(tmp_path / "cache" / "features.npy", features)
    del cache.__dict__["features"]
    again = by_directions(cache, selection, range(2), 0)
    for k, (direction, threshold) in found.cuts.items():
        assert np.array_equal(again.cuts[k][0], direction)
        assert again.cuts[k][1] == threshold


@pytest.mark.parametrize("kind", ["even", "few strong", "clusters"])
@pytest.mark.parametrize("mistakes", [LEAST, 5, MANY, 40])
def test_noise_is_stable_in_at_most_one_class_in_twenty(kind, mistakes):
    alarms, n, d = 0, 120, 32
    for seed in range(200):
        rng = np.random.default_rng((seed, mistakes))
        features = rng.normal(size=(n, d))
        if kind == "few strong":
            features *= np.exp(-np.arange(d) / 3)
        if kind == "clusters":  # two kinds that have nothing to do with the mistakes
            features[:, :8] += 3 * rng.integers(0, 2, (n, 1))
        wrong = np.arange(n) < mistakes
        loss = np.where(wrong, rng.uniform(0.5, 1, n), rng.uniform(0, 0.5, n) ** 3)
        alarms += find_cut(features, wrong, loss, seed).stable
    assert alarms <= 10  # of 200


def test_few_mistakes_go_by_the_steadier_direction_and_hardly_any_by_nothing(tmp_path):
    cache = planted(tmp_path / "cache", aligned=0.97)
    selection, _ = halves(cache, 0)
    mine = selection[cache.labels[selection] == 0]
    right, wrong = (mine[(cache.predicted[mine] == 0) == kind] for kind in (True, False))
    assert LEAST <= len(wrong) < MANY
    few = by_directions(cache, np.sort([*right, *wrong[: LEAST - 1]]), [0], 0)
    assert few.kinds[0].why_not == f"too few mistakes to group ({LEAST - 1})"
    assert "class 0: too few mistakes" in few.refusal
    assert set(few.apply(cache)) == {""}


@pytest.mark.parametrize("tells", ["mistakes", "loss"])
def test_of_two_directions_the_steadier_is_taken(tells):
    """Six mistakes: what they share is in the images, or only in how sure the classifier is."""
    rng = np.random.default_rng(4)
    n, few = 150, 6
    kind = np.arange(n) < 20
    wrong = np.arange(n) < few
    features = rng.normal(size=(n, 24))
    features[kind, 0] += 8
    loss = np.where(kind, 0.4, 0.05) + 0.01 * rng.random(n)
    if tells == "mistakes":  # the loss is of something else
        loss = rng.random(n) ** 3
        loss[wrong] = 0.6
    cut = find_cut(features, wrong, loss, 0)
    assert cut.by == tells or cut.stability == 1.0
    assert cut.stable
    along = features @ cut.direction > cut.threshold
    assert (along == kind).mean() > 0.95
    alone = np.array([1.0, *np.zeros(23)])
    assert abs(cut.direction @ alone) > 0.8


def test_a_neuron_divides_by_its_own_activation(tmp_path):
    cache = planted(tmp_path / "cache")
    selection, _ = halves(cache, 0)
    found = by_neurons(cache, selection, [1], [7])
    assert found.values == ("7 strong", "7 weak")
    values = np.array(found.apply(cache))
    assert set(values[cache.labels == 0]) == {""}
    strong, weak = (cache.features[values == value, 7] for value in found.values)
    assert strong.min() > weak.max()
    with pytest.raises(RequestError, match="no neuron 200; there are 0 to 199"):
        by_neurons(cache, selection, [1], [200])


def test_three_mistakes_in_one_of_two_equal_kinds_may_be_chance():
    kind = np.arange(80) % 2
    features = 0.1 * np.random.default_rng(2).normal(size=(80, 12)) + kind[:, None]
    for mistakes, stable in ((3, False), (8, True)):
        wrong = (kind == 1) & (np.arange(80) < 2 * mistakes)
        cut = find_cut(features, wrong, 0.8 * wrong, 0)
        assert cut.stability == 1.0
        assert np.array_equal(features @ cut.direction > cut.threshold, kind == 1)
        assert cut.stable == stable
