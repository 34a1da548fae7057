import numpy as np
import pytest

from engine.ablation.ablation import Scaling, preview
from engine.ablation.baselines import BiasShift, net_cost, placebo
from engine.ablation.query import preview_ablation
from engine.attribution.evidence import gather
from engine.attribution.ranking import order
from engine.schema.errors import RequestError
from tests.making import planted_cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 600)
    features = np.maximum(
        rng.normal(0, 1, (600, 40)) + 0.6 * (np.arange(40) % 5 == labels[:, None]), 0
    )
    weight = 0.5 * (np.arange(40)[None] % 5 == np.arange(5)[:, None]) + rng.normal(0, 0.2, (5, 40))
    groups = 2 * (labels > 2) + rng.integers(0, 2, 600)
    return planted_cache(
        tmp_path_factory.mktemp("whatif") / "features", features, labels, weight,
        rng.normal(0, 0.1, 5), groups=groups, group_names=("a", "b", "c", "d"),
    )  # fmt: skip


def recomputed(cache, neurons, rows, scale):
    """Predictions with the features scaled, for the rows concerned."""
    features = np.array(cache.features, dtype=np.float64)
    plain = features @ cache.weight.T + cache.bias
    features[:, neurons] *= scale
    scaled = features @ cache.weight.T + cache.bias
    plain[:, rows] = scaled[:, rows]
    return plain.argmax(axis=1)


@pytest.mark.parametrize("scale", [0.0, 0.5, 2.0, -1.0])
@pytest.mark.parametrize("rows", ["affected", "all"])
def test_scaling_equals_a_recomputation_with_the_features_scaled(cache, scale, rows):
    neurons = [3, 17, 8, 30]
    answer = preview_ablation(cache, 2, chosen=neurons, scale=scale, rows=rows)
    predicted = recomputed(cache, neurons, list(answer.rows), scale)
    right, was = predicted == cache.labels, cache.predicted == cache.labels
    assert answer.after.overall == pytest.approx(right.mean())
    assert answer.after.target == pytest.approx(right[cache.labels == 2].mean())
    by_group = [right[cache.groups == g].mean() for g in range(4)]
    assert answer.after.worst_group == pytest.approx(min(by_group))
    assert {m.path for m in answer.fixed} == {cache.path(r) for r in np.flatnonzero(right & ~was)}
    assert {m.path for m in answer.broken} == {cache.path(r) for r in np.flatnonzero(was & ~right)}
    after = {m.path: m.after.index for m in answer.fixed + answer.broken}
    assert all(after[cache.path(r)] == predicted[r] for r in np.flatnonzero(right != was))
    for change in answer.classes:
        inside = cache.labels == change.index
        assert change.after == pytest.approx(right[inside].mean())
        assert change.fixed - change.broken == right[inside].sum() - was[inside].sum()


def test_scaling_by_one_changes_nothing(cache):
    answer = preview_ablation(cache, 0, top="50%", scale=1.0)
    assert answer.before == answer.after
    assert answer.fixed == answer.broken == ()


def test_every_point_of_the_curve_equals_its_own_what_if(cache):
    answer = preview_ablation(cache, 1, top="5", with_curve=True)
    assert [p.n for p in answer.curve] == list(range(41))
    ranked = order(gather(cache, 1), "contrast")
    scaling = Scaling(1, np.array(answer.rows))
    for point in answer.curve[::7]:
        alone = preview(cache, ranked[: point.n], scaling)
        assert (point.edit, point.fixed, point.broken) == (
            alone.after,
            len(alone.fixed),
            len(alone.broken),
        )
        assert point.bias_shift == alone.bias_shift
    assert answer.curve[0].edit == answer.curve[0].placebo == answer.before


def test_a_bias_shift_is_the_best_of_all_that_cost_no_more(cache):
    shift = BiasShift(cache.logits, cache.labels, [2])
    before = cache.predicted == cache.labels
    others = cache.labels != 2
    for budget in (0, 1, 5, 40):
        best = (0, 0.0)
        for delta in np.linspace(0, 5, 4001):
            logits = np.array(cache.logits)
            logits[:, 2] += delta
            right = logits.argmax(axis=1) == cache.labels
            if net_cost(before, right, others) <= budget:
                best = max(best, (int((right & ~others).sum()), delta))
        found = shift.predict(shift.delta(budget)) == cache.labels
        assert net_cost(before, found, others) <= budget
        assert int((found & ~others).sum()) >= best[0]


def test_a_shift_of_several_classes_moves_them_together(cache):
    shift = BiasShift(cache.logits, cache.labels, [0, 3])
    logits = np.array(cache.logits)
    logits[:, [0, 3]] += 0.8
    assert np.array_equal(shift.predict(0.8), logits.argmax(axis=1))
    assert np.array_equal(shift.predict(0.0), cache.predicted)
    assert np.array_equal(shift.unshifted, cache.predicted)


def test_placebos_share_signs_and_repeat_no_neuron():
    rng = np.random.default_rng(0)
    signs = rng.choice([-1, 1], 100)
    chosen = rng.permutation(100)[:30]
    drawn = placebo(chosen, signs, np.random.default_rng(1))
    assert np.array_equal(signs[drawn], signs[chosen])
    assert len(set(drawn.tolist())) == 30
    assert not np.array_equal(drawn, placebo(chosen, signs, np.random.default_rng(2)))
    everyone = placebo(np.arange(100), signs, np.random.default_rng(3))
    assert sorted(everyone.tolist()) == list(range(100))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"chosen": [40]}, "No neuron 40"),
        ({"chosen": [-1]}, "No neuron -1"),
        ({}, "Name the neurons"),
        ({"chosen": [1], "top": "3"}, "Name the neurons"),
        ({"top": "0"}, "0 of 40"),
        ({"top": "110%"}, "44 of 40"),
        ({"top": "2.5"}, "not a number of neurons"),
        ({"top": "3", "scale": float("nan")}, "out of range"),
        ({"top": "3", "scale": 1e9}, "out of range"),
    ],
)
def test_senseless_questions_are_refused(cache, asked, said):
    with pytest.raises(RequestError, match=said):
        preview_ablation(cache, 0, **asked)
