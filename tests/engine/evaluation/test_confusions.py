"""The confusion matrix of the worst classes: as scikit-learn counts, in its own order."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as every_pair

from engine.evaluation.confusions import confusion_matrix
from tests.making import planted_cache


def planted(directory, pairs, classes):
    """A cache of images, each with a label and the class that it is predicted as."""
    labels, predicted = (np.array(some) for some in zip(*pairs, strict=True))
    logits = 5.0 * np.eye(classes)[predicted]
    return planted_cache(directory, logits, labels, np.eye(classes), np.zeros(classes))


@pytest.mark.parametrize("most", [1, 5, 12, 40])
def test_counts_are_scikit_learns(tmp_path, most):
    rng = np.random.default_rng(most)
    labels = rng.integers(0, 30, 800)
    predicted = np.where(rng.random(800) < 0.6, labels, rng.integers(0, 30, 800))
    cache = planted(tmp_path / "f", list(zip(labels, predicted, strict=True)), 30)
    found = confusion_matrix(cache, most)
    chosen = [label.index for label in found.classes]
    assert len(chosen) == len(set(chosen)) == min(most, 30)
    whole = every_pair(labels, predicted, labels=range(30))
    assert np.array_equal(found.counts, whole[np.ix_(chosen, chosen)])
    assert np.array_equal(found.n, whole[chosen].sum(axis=1))
    assert chosen[0] == np.argmax(whole.sum(axis=1) - np.diag(whole))


def test_each_of_the_worst_is_followed_by_what_it_is_taken_for(tmp_path):
    pairs = [(0, 0)] * 9 + [(1, 4)] * 5 + [(1, 0)] * 2 + [(2, 3)] * 4 + [(4, 4)] * 3 + [(3, 2)]
    cache = planted(tmp_path / "f", pairs, 6)
    found = confusion_matrix(cache)
    assert [label.name for label in found.classes] == ["class 1", "class 4", "class 2", "class 3"]
    assert found.n == (7, 3, 4, 1)
    assert found.counts == ((0, 5, 0, 0), (0, 3, 0, 0), (0, 0, 0, 4), (0, 0, 1, 0))


def test_images_set_aside_are_in_no_count(tmp_path):
    cache = planted(tmp_path / "f", [(0, 1)] * 3 + [(1, 1)] * 2, 2)
    found = confusion_matrix(cache.without(np.array([0, 4])))
    assert (found.n, found.counts) == ((2, 1), ((0, 2), (0, 1)))


def test_without_mistakes_there_is_no_matrix(tmp_path):
    found = confusion_matrix(planted(tmp_path / "f", [(0, 0), (1, 1)], 2))
    assert (found.classes, found.n, found.counts) == ((), (), ())
