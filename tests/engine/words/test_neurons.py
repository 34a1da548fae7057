from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.cluster import KMeans

from engine.words.clarity import clarity, polysemanticity
from engine.words.dissection import correlation, evidence, log_mean, margin, top_rows
from engine.words.naming_neurons import name_neurons
from tests.engine.words.planted import space, unit


def finished(job):
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value


def test_soft_wpmi_is_the_published_formula():
    rng = np.random.default_rng(0)
    images, texts = unit(rng.normal(size=(40, 8))), unit(rng.normal(size=(5, 8)))
    activations = rng.normal(size=(40, 6))
    found = np.concatenate(list(evidence(images, texts, top_rows(activations, 10))))
    p = np.exp(10 * images @ texts.T)
    p /= p.sum(axis=1, keepdims=True)
    expected = np.zeros((6, 5))
    for j in range(6):
        for i, row in enumerate(np.argsort(-activations[:, j])[:10]):
            surely = 0.998 - i / 10 * (0.998 - 0.97)
            expected[j] += np.log(1 + surely * (p[row] - 1) + 1e-7)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    mean = np.log(np.exp(expected).mean(axis=0))
    np.testing.assert_allclose(log_mean(found), mean, rtol=1e-4)


def test_top_rows_in_parts_are_those_of_a_whole_sort(monkeypatch):
    monkeypatch.setattr("engine.words.dissection.ROWS_AT_ONCE", 7)
    activations = np.random.default_rng(0).integers(0, 9, size=(50, 4)).astype(np.float32)
    expected = np.argsort(-activations, axis=0, kind="stable")[:5].T
    np.testing.assert_array_equal(top_rows(activations, 5), expected)
    assert top_rows(activations, 99).shape == (4, 50)


def test_parts_of_neurons_are_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    images, texts = unit(rng.normal(size=(40, 8))), unit(rng.normal(size=(5, 8)))
    tops = top_rows(rng.normal(size=(40, 6)), 10)
    [whole] = evidence(images, texts, tops)
    monkeypatch.setattr("engine.words.dissection.NUMBERS_AT_ONCE", 100)
    parts = list(evidence(images, texts, tops))
    assert len(parts) == 3
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_correlation_and_margin_are_numpys(monkeypatch):
    monkeypatch.setattr("engine.words.dissection.ROWS_AT_ONCE", 16)
    rng = np.random.default_rng(0)
    activations, images = rng.normal(size=(50, 3)), unit(rng.normal(size=(50, 8)))
    activations[:, 2] = 4  # never varies
    texts = unit(rng.normal(size=(4, 8)))
    cosines = images @ texts.T
    found = correlation(activations, cosines)
    for j in range(2):
        for w in range(4):
            assert found[j, w] == pytest.approx(np.corrcoef(activations[:, j], cosines[:, w])[0, 1])
    assert found[2].tolist() == [0, 0, 0, 0]
    expected = found[:, :1].max(axis=1) - found[:, 1:].max(axis=1)
    np.testing.assert_allclose(
        margin(activations, images, texts[:1], texts[1:]), expected, atol=1e-5
    )


def test_neurons_that_see_a_place_are_called_by_it_and_others_are_not():
    base = space(per_class=200, mistakes=100)
    rng = np.random.default_rng(0)
    axes = base.images.astype(float)
    activations = np.stack([axes[:, -2], axes[:, -1], *rng.normal(size=(200, 400))], axis=1)
    found = finished(name_neurons(base, activations))
    assert found.why_not == ""
    assert found.neurons[0].words[0].word == "land"
    assert found.neurons[1].words[0].word == "water"
    assert found.neurons[0].confidence > 0.99
    assert sum(bool(neuron.words) for neuron in found.neurons[2:]) <= binom.ppf(0.999, 200, 0.05)


def test_a_clip_that_knows_nothing_names_no_neuron():
    blind = space(knows=False, per_class=200, mistakes=100)
    activations = blind.images.astype(float)[:, -4:]
    found = finished(name_neurons(blind, activations))
    assert all(neuron.words == () for neuron in found.neurons)
    assert found.why_not.startswith("this CLIP does not know these classes")


def test_without_words_there_is_a_reason():
    base = space()
    bare = replace(base, words=(), texts=base.texts[:0], is_class=base.is_class[:0])
    assert finished(name_neurons(bare, np.zeros((240, 3)))).why_not == "no words to try"


def test_clarity_is_the_mean_cosine_of_pairs():
    rows = np.random.default_rng(0).normal(size=(7, 5))
    cosines = unit(rows) @ unit(rows).T
    assert clarity(rows) == pytest.approx((cosines.sum() - 7) / 42)
    assert clarity(np.ones((4, 3))) == pytest.approx(1)


def test_polysemanticity_tells_one_kind_from_two():
    rng = np.random.default_rng(0)
    one = np.eye(16)[0] + 0.1 * rng.normal(size=(30, 16))
    two = np.eye(16)[np.arange(30) % 2] + 0.1 * rng.normal(size=(30, 16))
    assert polysemanticity(one) < 0.1
    assert polysemanticity(two) > 0.8
    centres = KMeans(n_clusters=2, n_init=10, random_state=123).fit(two).cluster_centers_
    assert polysemanticity(two) == pytest.approx(1 - clarity(centres))
    assert polysemanticity(np.ones((5, 4))) == 0
