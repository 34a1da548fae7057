import numpy as np
import pytest

from engine.evaluation.scores import correct_images, mistakes, score, wilson
from tests.making import planted_cache


def test_wilson_interval_matches_the_published_example():
    lo, hi = wilson(3, 8) or (0, 0)
    assert (round(lo, 3), round(hi, 3)) == (0.137, 0.694)
    assert wilson(0, 0) is None
    assert wilson(5, 5)[1] == 1
    assert wilson(0, 5)[0] == 0


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Features are the decision itself: the classifier predicts `predicted`."""
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    predicted = np.array([0, 1, 1, 2, 1, 1, 1, 1, 1, 0])
    groups = np.array([0, 0, 1, 1, 2, 2, 2, 2, 3, 3])
    return planted_cache(
        tmp_path_factory.mktemp("scores") / "features", 4.0 * np.eye(4)[predicted], labels,
        np.eye(4), np.zeros(4), groups=groups, group_names=("a", "b", "c", "d"),
    )  # fmt: skip


def test_classes_and_their_confusions(cache):
    found = score(cache)
    assert (found.n, found.accuracy) == (10, 0.6)
    assert found.mean_class_accuracy == pytest.approx((1 / 4 + 5 / 6) / 2)
    first, second, third, fourth = found.classes
    assert (first.n, first.correct) == (4, 1)
    assert [(c.index, c.count) for c in first.confused_with] == [(1, 2), (2, 1)]
    assert second.accuracy == pytest.approx(5 / 6)
    assert (third.n, third.accuracy, third.ci) == (0, None, None)
    assert fourth.confused_with == ()


def test_groups_and_both_means(cache):
    found = score(cache, shares=[0.7, 0.1, 0.1, 0.1])
    assert [g.accuracy for g in found.groups] == [0.5, 0.0, 1.0, 0.5]
    assert found.worst_group_accuracy == 0
    assert found.train_weighted_accuracy == pytest.approx(0.35 + 0.1 + 0.05)
    assert score(cache).train_weighted_accuracy is None


def test_mistakes_carry_both_probabilities(cache):
    found = mistakes(cache, 0)
    assert (found.n, len(found.mistakes)) == (4, 3)
    e = np.exp(4.0)
    for mistake in found.mistakes:
        assert mistake.p_predicted == pytest.approx(e / (e + 3))
        assert mistake.p_true == pytest.approx(1 / (e + 3))
        assert mistake.flipped
        assert mistake.predicted.index in (1, 2)
        assert mistake.predicted.index in mistake.excessive
        assert 0 in mistake.insufficient


def test_the_correct_images_are_all_the_others_least_confident_first(cache):
    for index in range(len(cache.classes)):
        listed = correct_images(cache, index)
        answer = mistakes(cache, index)
        assert len(listed) + len(answer.mistakes) == answer.n
        assert all(image.predicted == image.true == answer.class_ for image in listed)
        confidence = [image.p_true for image in listed]
        assert confidence == sorted(confidence)
