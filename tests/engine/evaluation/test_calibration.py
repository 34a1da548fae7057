"""The expected calibration error: as a loop over bins computes it, and by hand."""

import numpy as np
import pytest
from scipy.special import softmax

from engine.evaluation.calibration import calibration, split_calibration, top_probability
from tests.making import planted_cache


def naive(confidence, correct, bins):
    """Guo et al. 2017, equation 3, bin by bin."""
    total = 0.0
    for m in range(1, bins + 1):
        inside = [
            i for i, p in enumerate(confidence)
            if (m - 1) / bins < p <= m / bins
        ]  # fmt: skip
        if inside:
            accuracy = sum(correct[i] for i in inside) / len(inside)
            mean = sum(confidence[i] for i in inside) / len(inside)
            total += len(inside) / len(confidence) * abs(accuracy - mean)
    return total


@pytest.mark.parametrize("bins", [1, 10, 15])
@pytest.mark.parametrize("seed", range(3))
def test_the_error_is_the_loops(seed, bins):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.02, 1, 500)
    correct = rng.random(500) < confidence**2
    found = calibration(confidence, correct, bins)
    assert found.ece == pytest.approx(naive(confidence, correct, bins), abs=1e-12)
    assert sum(some.n for some in found.bins) == found.n == 500
    assert len(found.bins) == bins


def test_by_hand():
    found = calibration(np.array([0.95, 0.97, 0.5, 0.55]), np.array([True, False, True, True]), 10)
    # (0.9, 1]: |0.5 - 0.96| · 2/4; (0.4, 0.5]: |1 - 0.5| · 1/4; (0.5, 0.6]: |1 - 0.55| · 1/4
    assert found.ece == pytest.approx(0.23 + 0.125 + 0.1125)
    assert [some.n for some in found.bins] == [0, 0, 0, 0, 1, 1, 0, 0, 0, 2]
    assert found.bins[9].accuracy == 0.5
    assert found.bins[0].accuracy is None
    certain = calibration(np.array([1.0, 0.0]), np.array([True, False]))
    assert (certain.bins[-1].n, certain.bins[0].n, certain.ece) == (1, 1, 0.0)


def test_the_largest_probability_is_scipys_also_of_large_logits():
    logits = np.random.default_rng(1).normal(0, 300, (50, 9))
    assert np.allclose(top_probability(logits), softmax(logits, axis=1).max(axis=1))


def test_a_split_without_what_is_set_aside(tmp_path):
    rng = np.random.default_rng(2)
    logits, labels = 2 * rng.normal(size=(60, 4)), rng.integers(0, 4, 60)
    cache = planted_cache(tmp_path / "f", logits, labels, np.eye(4), np.zeros(4))
    whole = split_calibration(cache)
    expected = naive(softmax(logits, axis=1).max(axis=1), logits.argmax(axis=1) == labels, 15)
    assert whole.ece == pytest.approx(expected, abs=1e-4)
    rest = split_calibration(cache.without(np.arange(20)))
    kept = slice(20, None)
    expected = naive(
        softmax(logits[kept], axis=1).max(axis=1), (logits.argmax(axis=1) == labels)[kept], 15
    )
    assert rest.n == 40
    assert rest.ece == pytest.approx(expected, abs=1e-4)
