import numpy as np
import pytest

from engine.attribution.evidence import gather
from engine.attribution.neurons import describe_neuron
from engine.attribution.query import rank_neurons
from engine.attribution.ranking import order, rank, stability
from engine.evaluation.scores import probabilities
from engine.schema.errors import RequestError
from tests.making import planted_cache


def make(directory, classes=4, seed=0, n=300, width=25):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    shared_signal = 0.8 * (np.arange(width) % classes == labels[:, None])
    features = np.maximum(rng.normal(0, 1, (n, width)) + shared_signal, 0)
    weight = 0.4 * (np.arange(width)[None] % classes == np.arange(classes)[:, None])
    weight = weight + rng.normal(0, 0.3, (classes, width))
    return planted_cache(directory, features, labels, weight, rng.normal(0, 0.1, classes))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return make(tmp_path_factory.mktemp("ranking") / "features")


def by_hand(cache, k):
    """docs/concepts.md: rankings, image by image: contrast both ways and contribution."""
    right = [i for i in range(300) if cache.labels[i] == k == cache.predicted[i]]
    wrong = [i for i in range(300) if cache.labels[i] == k != cache.predicted[i]]
    width = cache.meta.width
    usual = [np.mean([float(cache.features[i, j]) for i in right]) for j in range(width)]
    excessive, insufficient, contribution = np.zeros(width), np.zeros(width), np.zeros(width)
    for i in wrong:
        o = cache.predicted[i]
        for j in range(width):
            gap = float(cache.weight[o, j]) - float(cache.weight[k, j])
            excessive[j] += max(gap, 0) * (float(cache.features[i, j]) - usual[j]) / len(wrong)
            insufficient[j] += max(-gap, 0) * (usual[j] - float(cache.features[i, j])) / len(wrong)
            contribution[j] += gap * float(cache.features[i, j]) / len(wrong)
    return insufficient, excessive, contribution


@pytest.mark.parametrize("k", [0, 2])
def test_contrast_and_contribution_equal_the_formula_image_by_image(cache, k):
    insufficient, excessive, contribution = by_hand(cache, k)
    neurons = rank(cache, gather(cache, k), top=100)
    for side, values in ((neurons.insufficient, insufficient), (neurons.excessive, excessive)):
        assert [some.neuron for some in side] == [
            j for j in np.argsort(-values, kind="stable") if values[j] > 0
        ]
        for some in side:
            assert some.contrast == pytest.approx(values[some.neuron], rel=1e-5)
            assert some.contribution == pytest.approx(contribution[some.neuron], rel=1e-4, abs=1e-6)
    by_push = rank(cache, gather(cache, k), by="contribution", top=3)
    assert [some.neuron for some in by_push.excessive] == np.argsort(-contribution)[:3].tolist()
    assert [some.neuron for some in by_push.insufficient] == np.argsort(contribution)[:3].tolist()


def test_importance_is_the_ratio_without_the_neuron(cache):
    mean = np.asarray(cache.features, dtype=np.float64).mean(axis=0)
    weight, bias = np.asarray(cache.weight, np.float64), np.asarray(cache.bias, np.float64)
    whole = probabilities((weight @ mean + bias)[None])[0, 1]
    for some in rank(cache, gather(cache, 1)).excessive[:5]:
        without = mean.copy()
        without[some.neuron] = 0
        part = probabilities((weight @ without + bias)[None])[0, 1]
        assert some.importance == pytest.approx(whole / part, rel=1e-5)


def test_votes_are_the_share_of_mistakes_naming_a_neuron(cache):
    evidence = gather(cache, 0)
    neurons = rank(cache, evidence, by="votes")
    for side, named in ((neurons.insufficient, evidence.up), (neurons.excessive, evidence.down)):
        assert side
        for some in side:
            share = np.mean([some.neuron in row for row in named.tolist()])
            assert some.vote == pytest.approx(100 * share)
            assert some.vote > 3
    listed = {some.neuron for some in neurons.insufficient + neurons.excessive}
    assert set(order(evidence, "votes").tolist()) == listed


def test_a_neuron_in_both_lists_is_marked_ambiguous(cache):
    for k in range(4):
        neurons = rank(cache, gather(cache, k), by="votes")
        both = {s.neuron for s in neurons.insufficient} & {s.neuron for s in neurons.excessive}
        marked = {s.neuron for s in neurons.insufficient + neurons.excessive if s.ambiguous}
        assert marked == both


def test_with_two_classes_votes_are_said_to_carry_nothing(tmp_path):
    two = make(tmp_path / "two", classes=2)
    neurons = rank(two, gather(two, 0), by="votes")
    assert not neurons.votes_informative
    assert "two classes" in neurons.note
    assert {some.vote for some in neurons.insufficient + neurons.excessive} == {100.0}


def test_with_many_classes_votes_differ_between_images(cache):
    neurons = rank(cache, gather(cache, 0))
    assert neurons.votes_informative
    assert neurons.note == ""


def test_stability_is_a_share_and_repeats_with_its_seed():
    per_mistake = np.random.default_rng(0).normal(0, 1, (6, 60))
    per_mistake[:, 7] = 50
    found = stability(per_mistake, seed=3)
    assert found[7] == 1
    assert float(found.min()) >= 0
    assert found.sum() == pytest.approx(10)
    assert np.array_equal(found, stability(per_mistake, seed=3))
    assert not np.array_equal(found, stability(per_mistake, seed=4))


def test_evidence_from_some_rows_uses_those_alone(cache):
    rows = np.arange(0, 300, 2)
    half = gather(cache, 1, rows=rows)
    wrong = [i for i in rows if cache.labels[i] == 1 != cache.predicted[i]]
    assert len(half.up) == len(wrong) < len(gather(cache, 1).up)
    right = [i for i in rows if cache.labels[i] == 1 == cache.predicted[i]]
    usual = np.asarray(cache.features[right], np.float64).mean(axis=0)
    o = cache.predicted[wrong[0]]
    gap = np.asarray(cache.weight[o], np.float64) - cache.weight[1]
    expected = np.maximum(gap, 0) * (np.asarray(cache.features[wrong[0]], np.float64) - usual)
    assert np.allclose(half.excessive[0], expected)
    assert np.allclose(half.mean, np.asarray(cache.features[rows], np.float64).mean(axis=0))


def test_one_mistake_can_be_asked_for_by_its_path(cache):
    wrong = int(np.flatnonzero((cache.labels == 1) & (cache.predicted != 1))[0])
    found = rank_neurons(
        cache, 1, by="votes", top=5, seed=0, mistake=f"{cache.samples[wrong].path}"
    )
    assert found.mistakes == 1
    assert {some.vote for some in found.insufficient} == {100.0}
    right = int(np.flatnonzero((cache.labels == 1) & (cache.predicted == 1))[0])
    with pytest.raises(RequestError, match="is not a mistake"):
        rank_neurons(cache, 1, by="votes", top=5, seed=0, mistake=cache.samples[right].path)


def test_a_class_without_mistakes_is_refused(tmp_path):
    labels = np.array([0, 1, 0, 1])
    features = np.eye(2, 4)[labels]
    perfect = planted_cache(tmp_path / "perfect", features, labels, 5 * np.eye(2, 4), np.zeros(2))
    with pytest.raises(RequestError, match="no mistakes"):
        gather(perfect, 0)


def test_a_neuron_speaks_for_no_class_it_weighs_against(tmp_path):
    weight = [[2.0, -1.0], [1.0, -2.0], [-3.0, -0.5]]
    cache = planted_cache(tmp_path / "features", np.ones((3, 2)), [0, 1, 2], weight, [0.0] * 3)
    found = describe_neuron(cache, 0, 1)
    assert [use.index for use in found.used_by] == [0, 1]
    assert [use.index for use in found.opposed_by] == [2]
    assert describe_neuron(cache, 1, 1).used_by == ()
