import numpy as np
import pytest

from engine.features.halves import halves
from engine.grouping.cutting import by_neurons
from engine.grouping.described import by_features
from engine.grouping.ends import ends_of
from engine.grouping.finding import by_directions
from engine.schema.errors import RequestError
from tests.making import birds, logistic, planted_cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Birds whose head has learnt the background."""
    features, labels, _ = birds(1000, 0.98, seed=0)
    head = logistic(features, labels, 2)
    features, labels, groups = birds(600, 0.5, seed=1)
    names = ("a", "b", "c", "d")
    directory = tmp_path_factory.mktemp("ends") / "cache"
    return planted_cache(directory, features, labels, *head, groups=groups, group_names=names)


def sorted_by(cache, found, k=0):
    selection, _ = halves(cache, 0)
    return ends_of(found, cache, selection, k, by_features(cache)), selection


def test_selection_images_lie_in_the_rules_order_and_its_cut_is_the_rules(cache):
    selection, _ = halves(cache, 0)
    found = by_directions(cache, selection, [0], 0)
    ends, _ = sorted_by(cache, found)
    assert set(ends.rows) == set(selection[cache.labels[selection] == 0])
    values = np.array(found.apply(cache), dtype=object)[ends.rows]
    assert list(values) == [found.values[0]] * (ends.last + 1) + [found.values[1]] * (
        len(ends.rows) - ends.last - 1
    )
    like, others = ends.sides(ends.last)
    right = cache.predicted[ends.rows] == 0
    assert (like.images, like.right) == (ends.last + 1, right[: ends.last + 1].sum())
    assert (others.images, others.right) == (
        len(ends.rows) - ends.last - 1,
        right[ends.last + 1 :].sum(),
    )
    assert ends.cut_after(ends.last) is found


@pytest.mark.parametrize("last", [0, 7, 40])
def test_a_moved_cut_divides_all_images_where_it_was_laid(cache, last):
    selection, _ = halves(cache, 0)
    ends, _ = sorted_by(cache, by_neurons(cache, selection, [0], [60, 62]))
    cut = ends.cut_after(last)
    values = np.array(cut.apply(cache), dtype=object)
    first = ends.sides(last)[0]
    assert first.value == "60+62 strong"
    assert set(ends.rows[: last + 1]) == set(
        ends.rows[np.flatnonzero(values[ends.rows] == first.value)]
    )
    scores = (cache.features - cut.mean) / cut.scale @ cut.cuts[0][0]
    mine = cache.labels == 0
    assert np.array_equal(values[mine] == first.value, scores[mine] > cut.cuts[0][1])
    assert cut.kinds[0].stability is None
    assert cut.why == f"Cut by hand, after {last + 1} of {len(ends.rows)} images."


def test_a_cut_that_parts_nothing_is_refused(cache, tmp_path):
    selection, _ = halves(cache, 0)
    ends, _ = sorted_by(cache, by_neurons(cache, selection, [0], [60]))
    with pytest.raises(RequestError, match="on one side"):
        ends.cut_after(len(ends.rows) - 1)
    assert ends.along[-1] == ends.along[-2]  # a neuron that is silent on both
    with pytest.raises(RequestError, match="at one place"):
        ends.cut_after(len(ends.rows) - 2)
