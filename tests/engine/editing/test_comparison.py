import numpy as np
import pytest

from engine.editing.comparison import HeldOutPredictions, compare, describe, estimate, verdict
from engine.editing.heads import EDIT, LAMBDA_0, ORIGINAL, PLACEBO, RETRAIN, SHIFT
from tests.making import planted_cache

N = 400


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Two classes; the first 100 images are of class 0."""
    labels = np.repeat([0, 1], [100, N - 100])
    features = np.random.default_rng(0).normal(0, 1, (N, 6))
    return planted_cache(
        tmp_path_factory.mktemp("predictions") / "features",
        features,
        labels,
        np.eye(2, 6),
        np.zeros(2),
    )


def predictions(wrong_of_0, wrong_of_1, seeds=1, spread=0):
    """Predictions with so many mistakes in either class, the first images of each."""
    found = np.repeat([[0] * 100 + [1] * (N - 100)], seeds, axis=0)
    for seed in range(seeds):
        found[seed, : wrong_of_0 + seed * spread] = 1
        found[seed, 100 : 100 + wrong_of_1] = 0
    return found


def judged(cache, **variants):
    names = {
        "original": ORIGINAL,
        "edit": EDIT,
        "lambda0": LAMBDA_0,
        "placebo": PLACEBO,
        "retrain": RETRAIN,
        "shift": SHIFT,
    }
    predictions = HeldOutPredictions(
        cache, np.arange(N), [0], {names[name]: some for name, some in variants.items()}
    )
    controls = [name for name in predictions.predicted if name not in (EDIT, ORIGINAL)]
    differences = [compare(predictions, name, seed=0) for name in controls]
    found = [describe(predictions, name) for name in predictions.predicted]
    return found, differences, verdict(predictions, found, differences)


def test_an_estimate_is_students_t():
    found = estimate([0.5, 0.6, 0.7, 0.8, 0.9])
    assert found.mean == pytest.approx(0.7)
    assert found.hi - found.mean == pytest.approx(
        2.7764451 * np.std([5, 6, 7, 8, 9], ddof=1) / 10 / 5**0.5
    )
    assert found.mean - found.lo == pytest.approx(found.hi - found.mean)
    assert estimate([0.3]).lo is None


def test_an_arm_counts_images_won_and_lost(cache):
    (original, edit, _), _, _ = judged(
        cache,
        original=predictions(40, 0),
        edit=predictions(20, 6, seeds=2, spread=10),
        shift=predictions(40, 0),
    )
    assert (original.fixed, original.broken) == (0, 0)
    assert (edit.fixed, edit.broken) == (15, 6)
    assert edit.target.mean == pytest.approx(0.75)
    assert edit.overall.mean == pytest.approx(1 - (25 + 6) / N)


def test_a_difference_is_paired(cache):
    _, (difference,), _ = judged(
        cache, original=predictions(40, 0), edit=predictions(20, 6), shift=predictions(40, 6)
    )
    assert difference.points == pytest.approx(0.2)
    assert 0.1 < difference.lo < 0.2 < difference.hi < 0.3
    assert difference.cost_points == 0  # the same images lost by both


def test_verdicts(cache):
    start = predictions(40, 0)
    same = {"lambda0": start, "placebo": start}
    *_, told = judged(cache, original=start, edit=predictions(20, 6), shift=start, **same)
    assert told.startswith(
        "20.0 points over every control: class 0 goes from 60.0% to 80.0% (n 100)"
    )
    assert told.endswith("the edit fixes 20 images and breaks 6 images.")
    *_, told = judged(
        cache, original=start, edit=predictions(20, 6), shift=predictions(20, 6), **same
    )
    assert told.startswith("No better than shifting one bias: class 0 goes from 60.0% to 80.0%")
    *_, told = judged(
        cache, original=start, edit=predictions(20, 6), shift=start,
        lambda0=predictions(19, 0), placebo=start,
    )  # fmt: skip
    assert told.startswith("No better than its control, lambda 0")
    *_, told = judged(cache, original=start, edit=predictions(45, 0), shift=start, **same)
    assert told.startswith("No gain: class 0 goes from 60.0% to 55.0%")
    *_, told = judged(cache, original=start, edit=start, shift=start, **same)
    assert told.startswith("The edit changes no image")


@pytest.mark.parametrize(
    ("wrong", "how", "points"), [(20, "as well", "+0.0"), (10, "better", "-10.0")]
)
def test_plain_retraining_that_does_as_well_is_named_first(cache, wrong, how, points):
    start = predictions(40, 0)
    *_, told = judged(
        cache, original=start, edit=predictions(20, 6), shift=start, lambda0=start, placebo=start,
        retrain=predictions(wrong, 0),
    )  # fmt: skip
    assert told.startswith(
        f"Plain retraining on the same images does {how}: {100 - wrong}.0% to 80.0% class 0 "
        f"(n 100), {points} points ["
    )
    assert "every control" not in told
    assert told.endswith("takes it from 60.0% to 80.0%, fixes 20 images and breaks 6 images.")


def test_plain_retraining_is_named_beside_other_controls_too(cache):
    start = predictions(40, 0)
    *_, told = judged(
        cache, original=start, edit=predictions(20, 0), shift=predictions(20, 6),
        retrain=predictions(10, 0),
    )  # fmt: skip
    assert told.startswith("No better than shifting one bias")
    assert told.endswith("Plain retraining on the same images does better: 90.0% to 80.0% class 0.")
    *_, told = judged(
        cache, original=start, edit=predictions(45, 0), shift=start, retrain=predictions(10, 0)
    )
    assert told.startswith("No gain")
    assert "does better: 90.0% to 55.0% class 0" in told
    *_, told = judged(cache, original=start, edit=predictions(45, 0), shift=start, retrain=start)
    assert told.startswith("No gain")
    assert "retraining" not in told  # it gains nothing either


def test_plain_retraining_that_is_beaten_is_one_control_of_all(cache):
    start = predictions(40, 0)
    *_, told = judged(
        cache, original=start, edit=predictions(10, 0), shift=start, retrain=predictions(30, 0)
    )
    assert told.startswith("20.0 points over every control")
    assert "against the closest, retrain" in told
