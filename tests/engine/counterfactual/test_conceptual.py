import numpy as np
import pytest

from engine.counterfactual.conceptual import conceptual_counterfactuals, learn_bank

WIDTH = 12


@pytest.fixture
def planted():
    """Concepts a, b and c lie along features 0, 1 and 2; the class goes by a, against b."""
    rng = np.random.default_rng(5)
    has = {name: rng.random(400) < 0.4 for name in "abc"}
    features = rng.normal(0, 0.3, (400, WIDTH))
    for axis, present in enumerate(has.values()):
        features[:, axis] += 3 * present
    weight = np.zeros((2, WIDTH))
    weight[1, 0], weight[1, 1] = 2.0, -0.5
    return features, has, (weight, np.array([2.0, 0.0]))


def test_directions_are_those_of_the_concepts(planted):
    features, has, _ = planted
    bank = learn_bank(features, has, 0)
    assert np.linalg.norm(bank.directions, axis=1) == pytest.approx(1)
    assert (np.abs(bank.directions).argmax(axis=1) == [0, 1, 2]).all()
    scores = features @ bank.directions.T + bank.offsets
    for axis, present in enumerate(has.values()):
        assert ((scores[:, axis] > 0) == present).mean() > 0.98


def test_the_concept_that_the_class_goes_by_is_added_most(planted):
    features, has, head = planted
    bank = learn_bank(features, has, 0)
    lacking = features[~has["a"] & has["b"] & ~has["c"]][:20]
    amounts = conceptual_counterfactuals(lacking, 1, bank, head).mean(axis=0)
    assert amounts.argmax() == 0
    assert amounts[1] < 0
    assert abs(amounts[2]) < 0.1 * amounts[0]


def test_no_score_leaves_what_was_seen(planted):
    features, has, head = planted
    bank = learn_bank(features, has, 0)
    full = features[has["a"]][:20] + 5 * bank.directions[0]  # more of it than any image seen
    amounts = conceptual_counterfactuals(full, 1, bank, head)
    assert (amounts[:, 0] <= 0).all()
    some = features[~has["a"]][:30]
    after = (some @ bank.directions.T + bank.offsets) + conceptual_counterfactuals(
        some, 1, bank, (100 * head[0], head[1])
    )
    assert (after <= bank.largest + 1e-9).all()
    assert (after >= bank.least - 1e-9).all()
